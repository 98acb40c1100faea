// SPDX-License-Identifier: BSD-2-Clause

import BPF
import CTestSupport
import Dispatch
import Foundation
import Glibc
public import Linux
import Synchronization
public import SystemPackage

/// A user that is not root, with a BPF file system of its own, and the command and some objects where it can read them.
public final class OtherUser: Sendable {
    public static let id: UInt32 = 54321
    /// A group that has no other member.
    public static let group: UInt32 = 54322

    /// What an administrator gives a user: its own, and empty.
    public let home: FilePath
    private let folder: ScratchFolder
    private let command: FilePath

    public init() throws {
        folder = try ScratchFolder()
        try Self.checked(chmod(folder.path.string, 0o755))
        home = folder.path.appending("bpf")
        try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: false)
        try BPFFileSystem.mount(at: home)
        command = try folder.copy(program: Fixture.command)
        try Self.checked(chown(home.string, Self.id, Self.id))
    }

    /// Has the benchmark where the user can run it, beside the command.
    public func installBenchmark() throws { _ = try folder.copy(program: Fixture.bench) }

    deinit { umount2(home.string, CInt(MNT_DETACH)) }

    /// A copy of a test program's object that the user can read.
    public func object(_ name: String) throws -> FilePath {
        let path = folder.path.appending("\(name).bpf.o")
        if !Folder.exists(path) { _ = try folder.write(Fixture.bytes(Fixture.object(name)), as: "\(name).bpf.o") }
        return path
    }

    /// A file that anyone may read.
    public func write(_ text: String, as name: String) throws -> FilePath {
        try folder.write(Array(text.utf8), as: name)
    }

    /// An empty file that anyone may read.
    public func file(_ name: String) throws -> FilePath { try folder.write([], as: name) }

    /// Runs the command as this user, or another, with these capabilities and no other (setpriv(1)).
    ///
    /// - Parameters:
    ///   - capabilities: as setpriv calls them: `bpf`.
    ///   - prefix: what runs setpriv, as root.
    public func run(
        _ arguments: [String], capabilities: [String], as user: UInt32 = OtherUser.id, groups: [UInt32] = [],
        prefix: [String] = []
    ) throws -> ChildProcess.Outcome {
        let sets = (["-all"] + capabilities.map { "+\($0)" }).joined(separator: ",")
        let groupOptions =
            groups.isEmpty ? ["--clear-groups"] : ["--groups", groups.map(String.init).joined(separator: ",")]
        return try ChildProcess.run(
            prefix + ["setpriv", "--reuid", "\(user)", "--regid", "\(user)"] + groupOptions
                + ["--inh-caps", sets, "--ambient-caps", sets, "--bounding-set", sets, command.string] + arguments)
    }

    /// Does something in this process on a thread of its own that has a user and a group, and no other capability than
    /// these.
    public static func withoutPrivilege<Value: Sendable>(
        as user: UInt32 = OtherUser.id, group: UInt32 = OtherUser.group, but capabilities: [Capability] = [],
        _ body: @escaping @Sendable () throws -> Value
    ) throws -> Value {
        let outcome = Mutex<Result<Value, any Error>?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        Thread {
            let result = Result {
                let bits = capabilities.reduce(UInt64(0)) { $0 | UInt64(1) << UInt64($1.rawValue) }
                let number = become_user(user, group, bits)
                guard number == 0 else { throw Errno(rawValue: -number) }
                return try body()
            }
            outcome.withLock { $0 = result }
            isDone.signal()
        }.start()
        isDone.wait()
        return try outcome.withLock { $0 }!.get()
    }

    private static func checked(_ result: CInt) throws(Errno) {
        guard result == 0 else { throw Errno.last }
    }
}
