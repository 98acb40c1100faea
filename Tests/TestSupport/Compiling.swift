// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage

extension Fixture.Compiler {
    /// What the Makefile calls.
    public var command: String {
        switch self {
        case .swift: Self.swiftClang ?? "clang"
        case .debian: "clang-14"
        case .oldest: "clang-13"
        case .newest: "clang-22"
        }
    }

    private var usualInstructions: String { self == .newest ? "v4" : "v3" }

    private static let swiftClang: String? = {
        guard let found = try? ChildProcess.run(["sh", "-c", "realpath \"$(command -v swift)\""]), found.status == 0
        else { return nil }
        let swift = FilePath(found.output.trimmingCharacters(in: .whitespacesAndNewlines))
        let clang = swift.removingLastComponent().appending("clang")
        return Folder.exists(clang) ? clang.string : nil
    }()

    public struct Failure: Error {
        public let messages: String
    }

    /// Compiles a program that needs what a test has made.
    ///
    /// - Parameters:
    ///   - folder: where the headers are that the test made, and where the object goes.
    ///   - definitions: of macros, as in `NAME=VALUE`.
    ///   - instructions: what -mcpu= names; nil: those that the Makefile has this compiler use.
    public func compile(
        _ source: FilePath, in folder: ScratchFolder, defining definitions: [String] = [], instructions: String? = nil
    ) throws -> FilePath {
        let object = folder.path.appending("\(rawValue).bpf.o")
        #if arch(arm64)
            let multiarch = "aarch64-linux-gnu"
        #else
            let multiarch = "x86_64-linux-gnu"
        #endif
        let outcome = try ChildProcess.run(
            [
                command, "-O2", "-g", "-target", "bpf", "-mcpu=\(instructions ?? usualInstructions)", "-std=gnu17",
                "-Wall", "-Wextra",
                "-Wshadow", "-Werror", "-Wno-unused-parameter", "-I", folder.path.string, "-I", Fixture.headers.string,
                "-I", "/usr/include/\(multiarch)", "-c", source.string, "-o", object.string,
            ] + definitions.map { "-D\($0)" })
        guard outcome.status == 0 else { throw Failure(messages: outcome.output) }
        return object
    }
}
