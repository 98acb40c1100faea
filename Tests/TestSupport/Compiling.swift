// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage

extension Fixture.Compiler {
    /// What the Makefile calls.
    public var command: String {
        switch self {
        case .debian: "clang-14"
        case .swift:
            Self.swiftClang ?? "clang"
        }
    }

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
    /// - Parameter folder: where the headers are that the test made, and where the object goes.
    public func compile(_ source: FilePath, in folder: ScratchFolder) throws -> FilePath {
        let object = folder.path.appending("\(rawValue).bpf.o")
        #if arch(arm64)
            let multiarch = "aarch64-linux-gnu"
        #else
            let multiarch = "x86_64-linux-gnu"
        #endif
        let outcome = try ChildProcess.run([
            command, "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-std=gnu17", "-Wall", "-Wextra", "-Werror",
            "-Wno-unused-parameter", "-I", folder.path.string, "-I", Fixture.headers.string, "-I",
            "/usr/include/\(multiarch)", "-c", source.string, "-o", object.string,
        ])
        guard outcome.status == 0 else { throw Failure(messages: outcome.output) }
        return object
    }
}
