// SPDX-License-Identifier: BSD-2-Clause

import BPF
import BPFObjects
import BenchObjects
import Foundation
import Linux
import PacketMetadata
import Synchronization
public import SystemPackage

private let counter = Atomic<Int>(0)

/// The folders of all scratch registries of this process.
private let scratchPaths = Mutex<[FilePath]>([])

/// A registry folder of a test's own, removed at the end of its life with all that is attached; at the end of the process,
/// where an optimised test let go of it before a command made the registry.
public final class ScratchRegistry: Sendable {
    public let path: FilePath

    private static let removingAtExit: Void = {
        atexit {
            for path in scratchPaths.withLock({ $0 }) where Folder.exists(path) { _ = try? Registry.remove(at: path) }
        }
    }()

    public init() {
        Self.removingAtExit
        let number = counter.add(1, ordering: .relaxed).newValue
        path = FilePath("/sys/fs/bpf/pktmeta-test-\(ProcessID.current)-\(number)")
        if (try? BPFFileSystem.contains(BPFFileSystem.defaultMountPoint)) == false {
            try? BPFFileSystem.mount(at: BPFFileSystem.defaultMountPoint)
        }
        scratchPaths.withLock { $0.append(path) }
    }

    deinit { _ = try? Registry.remove(at: path) }

    /// ``pins`` of a registry that nothing is attached for.
    public static let partsOfEmpty = ["attachments", "lock", "registry", "secret", "secret/seal", "state"]

    /// All paths below, relative, sorted: to compare before and after.
    public var pins: [String] { Self.list(path, prefix: "") }

    private static func list(_ folder: FilePath, prefix: String) -> [String] {
        let names = (try? Folder.names(in: folder)) ?? []
        return names.flatMap { [prefix + $0] + list(folder.appending($0), prefix: "\(prefix)\($0)/") }.sorted()
    }
}

/// Files of the package that tests use.
public enum Fixture {
    public static let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent()

    /// Whose objects there are; the folder of the test programs' objects is the value.
    public enum Compiler: String, CaseIterable, Sendable {
        case swift = "tests"
        case debian = "tests-clang-14"
        /// The oldest that the headers are for.
        case oldest = "tests-clang-13"
        /// The newest there is, for the newest instructions (-mcpu=v4).
        case newest = "tests-clang-22"

        /// Those that also compile the examples and benchmarks.
        public static let usual: [Compiler] = [.swift, .debian]
    }

    /// A test program's object, compiled by `make test-bpf`.
    public static func object(_ name: String, _ compiler: Compiler = .swift) -> FilePath {
        root.appending(".build/bpf/\(compiler.rawValue)/\(name).bpf.o")
    }

    /// An example's object, compiled by `make examples` and `make test-bpf`.
    public static func example(_ name: String, _ compiler: Compiler = .swift) -> FilePath {
        let folder = compiler == .swift ? "examples" : "examples-clang-14"
        return root.appending(".build/bpf/\(folder)/\(name).bpf.o")
    }

    /// An example that is an application, compiled by `make examples`.
    public static func application(_ name: String) -> FilePath { root.appending(".build/bpf/examples/\(name)") }

    /// A benchmark's object: as the benchmark carries it, or compiled by `make test-bpf`.
    public static func bench(_ name: String, _ compiler: Compiler = .swift) -> FilePath {
        guard compiler == .swift else { return root.appending(".build/bpf/bench-clang-14/\(name).bpf.o") }
        return carried.withLock { carried in
            if let file = carried[name] { return file.path }
            do {
                let file = KeptFile(try CarriedObject.compared(named: name).withBytes { try MemoryFile($0) })
                carried[name] = file
                return file.path
            } catch {
                preconditionFailure("no file of memory for \(name): \(error)")
            }
        }
    }

    private final class KeptFile: Sendable {
        private let file: MemoryFile
        var path: FilePath { FilePath(file.pathForOthers) }

        init(_ file: consuming MemoryFile) { self.file = file }
    }

    /// By the object's name.
    private static let carried = Mutex<[String: KeptFile]>([:])

    /// Of a program that a test compiles by itself.
    public static func source(_ name: String) -> FilePath { root.appending("Tests/Programs/\(name)") }

    /// A file of the library's documentation: an article, or of its resources.
    public static func documentation(_ name: String) throws -> String {
        String(
            decoding: try bytes(root.appending("Sources/PacketMetadata/PacketMetadata.docc/\(name)")), as: UTF8.self)
    }

    /// What the package's first page says.
    public static var readme: String {
        get throws { String(decoding: try bytes(root.appending("README.md")), as: UTF8.self) }
    }

    /// Headers, programs and examples in C.
    public static let bpf = root.appending("bpf")

    /// What BPF programs include.
    static let headers = bpf.appending("include")

    public static func bytes(_ path: FilePath) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path.string)))
    }

    /// The command that users have, built by `make release`; or another, by an environment variable.
    public static var releasedCommand: FilePath {
        ProcessInfo.processInfo.environment["PKTMETA_COMMAND"].map { FilePath($0) }
            ?? root.appending(".build/release/pktmeta")
    }

    /// The benchmark that is installed with it.
    public static var releasedBench: FilePath {
        releasedCommand.removingLastComponent().appending("pktmeta-bench")
    }

    /// What the help of a command looks like.
    public static func help(_ name: String) throws -> String {
        String(decoding: try bytes(root.appending("Tests/CommandTests/Snapshots/\(name).txt")), as: UTF8.self)
    }

    /// The command that was built beside the tests.
    public static var command: String { builtFolder.appending("pktmeta").string }

    /// The benchmark that was built beside the tests.
    public static var bench: String { builtFolder.appending("pktmeta-bench").string }

    /// Where these tests and all else of their build are: absolute, since what tests run may work in another folder.
    public static let builtFolder: FilePath = {
        guard let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            preconditionFailure("/proc has no program of this process (proc(5))")
        }
        return FilePath(tests).removingLastComponent()
    }()
}

/// A folder for files, removed at the end of its life.
public final class ScratchFolder: Sendable {
    public let path: FilePath

    public init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("pktmeta-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = FilePath(url.path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    public func write(_ bytes: [UInt8], as name: String) throws -> FilePath {
        let file = path.appending(name)
        try Data(bytes).write(to: URL(fileURLWithPath: file.string))
        return file
    }

    /// A copy of a program, under its own name.
    ///
    /// By a process of its own: a child that another test starts meanwhile would inherit the file open for writing, and
    /// what is open for writing is not run (ETXTBSY).
    public func copy(program: String) throws -> FilePath {
        let outcome = try ChildProcess.run(["cp", program, path.string])
        guard outcome.status == 0, let name = FilePath(program).lastComponent else { throw Errno.ioError }
        return path.appending(name)
    }
}
