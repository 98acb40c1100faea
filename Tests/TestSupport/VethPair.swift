// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import Testbed

/// A veth pair between two namespaces of a test, in which only what is sent on purpose is sent.
public final class VethPair: @unchecked Sendable {
    public static let near = "near0"
    public static let far = "far0"
    public static let nearAddress = "192.0.2.1"
    public static let farAddress = "192.0.2.2"
    public static let port: UInt16 = 4739

    public let sender: NetworkNamespace
    public let receiver: NetworkNamespace

    public init() throws {
        sender = try VethTopology.namespace()
        receiver = try VethTopology.namespace()
        try VethTopology.join(
            VethEnd(Self.near, mac: "02:00:00:00:00:01", address: Self.nearAddress), in: sender,
            to: VethEnd(Self.far, mac: "02:00:00:00:00:02", address: Self.farAddress), in: receiver)
    }

    public func inSender<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        try Self.run(in: sender, body)
    }
    public func inReceiver<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        try Self.run(in: receiver, body)
    }

    public static func run<Value: ~Copyable>(
        in namespace: borrowing NetworkNamespace, _ body: () throws -> Value
    ) throws -> Value {
        do throws(NamespaceError<Wrapped>) {
            return try namespace.run { () throws(Wrapped) in
                do { return try body() } catch { throw Wrapped(error: error) }
            }
        } catch {
            guard case .body(let wrapped) = error else { throw error }
            throw wrapped.error
        }
    }

    private struct Wrapped: Error {
        let error: any Error
    }

    public struct IPFailure: Error {
        public let command: String
        public let output: String
    }

    public static func ip(_ command: String) throws {
        let outcome = try ChildProcess.run(["ip"] + command.split(separator: " ").map(String.init))
        guard outcome.status == 0 else { throw IPFailure(command: command, output: outcome.output) }
    }

    /// Switches offloads of an interface in this thread's namespace: `gro on tso off`.
    public static func setOffloads(_ interface: String, _ settings: String) throws {
        let arguments = ["ethtool", "-K", interface] + settings.split(separator: " ").map(String.init)
        let outcome = try ChildProcess.run(arguments)
        guard outcome.status == 0 else {
            throw IPFailure(command: arguments.joined(separator: " "), output: outcome.output)
        }
    }

    /// Sends UDP packets of 64 bytes of payload from the near end, to the far one unless told otherwise, and waits for
    /// the far end to be done with them.
    ///
    /// A CPU that others keep busy leaves them to ksoftirqd, which comes later.
    public func send(_ count: Int, to address: [UInt8] = [192, 0, 2, 2]) throws {
        let before = try received()
        defer { try? settle(before.map { $0 + UInt64(count) }) }
        try inSender {
            let sender = try UDPSender(to: address, port: Self.port)
            for number in 0..<count {
                try sender.send([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 64))
                if number % 32 == 31 { Pause.sleep(milliseconds: 1) }
            }
        }
    }

    /// Packets that the far end has taken from its queue (dev_get_stats of the kernel); nil if it is gone.
    ///
    /// With native XDP they count when programs have run; else when they are sent, which is then all that can be told.
    private func received() throws -> UInt64? {
        let lines = try inReceiver { try WholeFile.read("/proc/thread-self/net/dev") }
        for line in String(decoding: lines, as: UTF8.self).split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == ":" })
            if words.count > 2, words[0] == Self.far { return UInt64(words[2]) }
        }
        return nil
    }

    private func settle(_ count: UInt64?) throws {
        if let count { _ = try eventually(within: .seconds(2)) { try received().map { $0 >= count } ?? true } }
        try waitForRunningPrograms()
    }
}

/// Asks again and again, until it is so or the time is over: more than anything takes, on a machine that is busy.
public func eventually(within timeout: Duration = .seconds(20), _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + timeout
    while true {
        if try condition() { return true }
        if ContinuousClock.now > deadline { return false }
        Pause.sleep(milliseconds: 5)
    }
}
