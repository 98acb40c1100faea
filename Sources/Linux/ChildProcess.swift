// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Runs a program to its end, in this thread's network namespace (posix_spawn(3)).
public enum ChildProcess {
    public struct Outcome: Sendable, Hashable {
        /// 128 + signal if it was killed.
        public let status: CInt
        /// What it wrote to its two outputs.
        public let output: String
        /// From before it was started until it had ended.
        public let duration: Duration
    }

    /// - Parameter arguments: the program's name, looked up in ``SystemProgram/folders``, or its path; and its arguments.
    /// - Throws: `noSuchFileOrDirectory` if there is no such program.
    public static func run(_ arguments: [String]) throws(Errno) -> Outcome {
        var ends: [CInt] = [-1, -1]
        try check(unsafe linux_pipe(&ends))
        let reader = OwnedFD(ends[0])
        let start = ContinuousClock.now
        let pid = try spawn(arguments, output: OwnedFD(ends[1]))
        let output = readAll(reader)
        var status: CInt = 0
        while unsafe waitpid(pid, &status, 0) < 0 {
            guard Errno.last == .interrupted else { throw Errno.last }
        }
        let signal = status & 0x7f
        return Outcome(
            status: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: output, duration: .now - start)
    }

    /// Runs a program to its end for the most memory that it has at a time.
    ///
    /// - Returns: bytes, of pages that are its own or shared, and its exit code, -1 if it was killed.
    public static func peakMemory(of arguments: [String]) throws(Errno) -> (bytes: Int, status: CInt) {
        var status: CInt = 0
        let program = try SystemProgram.path(of: arguments[0])
        let kibibytes = unsafe withCStrings([program.string] + arguments.dropFirst()) {
            unsafe linux_peak_memory($0, &status)
        }
        guard kibibytes >= 0 else { throw Errno(rawValue: CInt(-kibibytes)) }
        return (kibibytes * 1024, status)
    }

    private static func spawn(_ arguments: [String], output: consuming OwnedFD) throws(Errno) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.raw, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.raw, 2)

        // Threads of Swift's runtime block signals, and a child inherits that.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        unsafe sigemptyset(&noSignals)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        // Ignored by FileSizeLimit, which is this process's affair.
        var usualSignals = sigset_t()
        unsafe sigemptyset(&usualSignals)
        unsafe sigaddset(&usualSignals, SIGXFSZ)
        unsafe posix_spawnattr_setsigdefault(&attributes, &usualSignals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let program = try SystemProgram.path(of: arguments[0])
        var pid: pid_t = 0
        let result = unsafe withCStrings(arguments) {
            unsafe posix_spawn(&pid, program.string, &actions, &attributes, $0, environ)
        }
        guard result == 0 else { throw Errno(rawValue: result) }
        return pid
    }

    private static func readAll(_ fd: borrowing OwnedFD) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(fd.raw, &chunk, chunk.count)
            if count < 0, Errno.last == .interrupted { continue }
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
