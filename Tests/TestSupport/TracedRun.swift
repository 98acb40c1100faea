// SPDX-License-Identifier: BSD-2-Clause

import CTestSupport
import Glibc
public import SystemPackage

/// A run of the built command that was stopped at one of its system calls, or came to its end.
///
/// Counted are calls that change something outside the process, or could, from the first on that did (traced_run.c).
public struct TracedRun: Sendable {
    /// nil if a signal killed it.
    public let exitCode: Int32?
    /// How many calls were counted.
    public let calls: Int
    /// Of these, calls right behind one that others see at once: attaching, renaming, storing in the registry.
    public let steps: [Int]
    /// The call that it was stopped at, bpf(2) with its command; nil if it came to its end first.
    public let call: String?
    public let output: String

    /// - Parameters:
    ///   - call: which call to stop at, from 1 on; 0 for none.
    ///   - signal: after SIGKILL the call is not done; after others that kill, it is.
    public init(_ arguments: [String], stoppingAt call: Int = 0, by signal: Int32 = SIGKILL) throws(Errno) {
        try self.init(arguments, call, signal, nil)
    }

    /// - Parameter action: done while the process stands at the entry of the call.
    public init(_ arguments: [String], at call: Int, doing action: @escaping () -> Void) throws(Errno) {
        try self.init(arguments, call, 0, action)
    }

    /// A run of which one call is not done, and returns an error.
    ///
    /// - Parameter call: which of the calls that can fail, from 1 on; 0 for none, to count them.
    public init(_ arguments: [String], failingAt call: Int, with error: Errno) throws(Errno) {
        try self.init(arguments) { failing_run($0, UInt32(call), nil, error.rawValue, $1) }
    }

    public struct Kind: Sendable {
        let call: String
        /// Of bpf(2).
        var command: bpf_cmd?

        /// What puts a new program in an old one's place.
        public static let linkUpdate = Kind(call: "bpf", command: BPF_LINK_UPDATE)
        /// What reads a folder.
        public static let readFolder = Kind(call: "getdents64")
    }

    /// A run of which one call of a kind is not done, and returns an error.
    ///
    /// - Parameter call: which of that kind, from 1 on.
    public init(
        _ arguments: [String], failing call: Int, of kind: Kind, with error: Errno
    ) throws(Errno) {
        try self.init(arguments) { argv, end in
            kind.call.withCString { name in
                var traced = traced_kind(call: name, command: kind.command?.rawValue ?? 0)
                return failing_run(argv, UInt32(call), &traced, error.rawValue, end)
            }
        }
    }

    private init(_ arguments: [String], _ call: Int, _ signal: Int32, _ action: (() -> Void)?) throws(Errno) {
        var action = action
        let isActing = action != nil
        try self.init(arguments) { argv, end in
            withUnsafeMutablePointer(to: &action) { pointer in
                traced_run(
                    argv, UInt32(call), signal,
                    isActing ? { $0?.assumingMemoryBound(to: (() -> Void)?.self).pointee?() } : nil, pointer, end)
            }
        }
    }

    private init(
        _ arguments: [String],
        _ run: (UnsafePointer<UnsafeMutablePointer<CChar>?>, UnsafeMutablePointer<traced_end>) -> Int32
    ) throws(Errno) {
        var argv = ([Fixture.command] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var end = traced_end()
        let result = run(&argv, &end)
        guard result == 0 else { throw Errno(rawValue: -result) }
        output = end.output.map { String(cString: $0) } ?? ""
        free(end.output)
        exitCode = end.status & 0x7f == 0 ? end.status >> 8 & 0xff : nil
        calls = Int(end.calls)
        steps = withUnsafeBytes(of: &end.steps) { [count = Int(end.step_count)] bytes in
            bytes.bindMemory(to: UInt32.self).prefix(count).map(Int.init)
        }
        self.call = end.call.map { name in
            let name = String(cString: name)
            return name == "bpf" ? "bpf \(end.command)" : name
        }
    }
}
