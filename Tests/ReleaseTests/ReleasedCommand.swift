// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// How the command's memory is handed out: what is used after it was freed must not look as it did.
enum Memory: String, CaseIterable {
    case usual
    /// Bytes are overwritten as they are handed out and as they are freed.
    case poisoned
    /// Larger blocks are mapped, and gone as they are freed.
    case mapped

    /// For glibc, which a static executable obeys too (malloc(3), "Tunables" in glibc's manual). Blocks that the
    /// cache of each thread hands out again are not overwritten, hence none are cached.
    var tunables: String {
        switch self {
        case .usual: ""
        case .poisoned: "glibc.malloc.perturb=85:glibc.malloc.tcache_count=0"
        case .mapped: "glibc.malloc.mmap_threshold=65536"
        }
    }
}

/// The command that users have, as they run it: a process of its own, in this thread's network namespace.
struct ReleasedCommand {
    let memory: Memory
    let registry: FilePath

    struct Missing: Error, CustomStringConvertible {
        let path: FilePath
        var description: String {
            "there is no \(path): `make release` builds it; PKTMETA_COMMAND names another"
        }
    }

    struct Run {
        /// 128 + signal if it was killed.
        let status: CInt
        let output: String
        let errors: String

        /// The output as one JSON document.
        var json: JSON {
            get throws { JSON(try JSONSerialization.jsonObject(with: Data(output.utf8))) }
        }

        /// The output as a JSON document a line.
        var jsonLines: [JSON] {
            get throws {
                try output.split(separator: "\n").map { JSON(try JSONSerialization.jsonObject(with: Data($0.utf8))) }
            }
        }

        /// The words of the line that begins with that one; empty if there is none.
        func words(_ first: String) -> [String] {
            output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
                .first { $0.first == first } ?? []
        }
    }

    /// - Parameter seconds: after that time the command is told to end, by SIGTERM; nil if it ends by itself.
    func run(_ arguments: [String], endedAfter seconds: Double? = nil) throws -> Run {
        let command = Fixture.releasedCommand
        guard Folder.exists(command) else { throw Missing(path: command) }
        let folder = try ScratchFolder()
        let errors = folder.path.appending("errors")
        let limit = seconds.map { ["timeout", "--preserve-status", "\($0)"] } ?? []
        let outcome = try ChildProcess.run(
            ["sh", "-c", "exec \"$@\" 2>\"$0\"", errors.string, "env", "GLIBC_TUNABLES=\(memory.tunables)"]
                + ["PKTMETA_REGISTRY=\(registry)"] + limit + [command.string] + arguments)
        return Run(
            status: outcome.status, output: outcome.output,
            errors: String(decoding: try Fixture.bytes(errors), as: UTF8.self))
    }

    /// Runs a command that ends with that status.
    @discardableResult
    func expect(
        _ arguments: String..., status: CInt = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Run {
        try expect(arguments, status: status, sourceLocation: sourceLocation)
    }

    @discardableResult
    func expect(
        _ arguments: [String], status: CInt = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Run {
        let run = try run(arguments)
        #expect(
            run.status == status, "\(arguments), memory \(memory): \(run.errors)", sourceLocation: sourceLocation)
        return run
    }
}

/// A value of a JSON document.
struct JSON {
    private let value: Any?

    init(_ value: Any?) { self.value = value }

    subscript(key: String) -> JSON { JSON((value as? [String: Any])?[key]) }
    var array: [JSON] { (value as? [Any] ?? []).map(JSON.init) }
    var keys: Set<String> { Set((value as? [String: Any] ?? [:]).keys) }
    var text: String? { value as? String }
    var number: Int? { value as? Int }
    var flag: Bool? { value as? Bool }
}
