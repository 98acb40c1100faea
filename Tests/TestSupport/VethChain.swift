// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import Testbed

/// A veth pair whose far end forwards to a third namespace, over a second pair.
///
///     near0 -- far0 [forwards] out0 -- end0
public final class VethChain: @unchecked Sendable {
    public static let out = "out0"
    public static let end = "end0"
    public static let endAddress: [UInt8] = [198, 51, 100, 2]
    public static let endHost = "198.51.100.2"
    public static let endMAC = "02:00:00:00:00:04"

    public let pair: VethPair
    public let onward: NetworkNamespace

    public init() throws {
        pair = try VethPair()
        onward = try VethTopology.namespace()
        try VethTopology.join(
            VethEnd(Self.out, mac: "02:00:00:00:00:03", address: "198.51.100.1"), in: pair.receiver,
            to: VethEnd(Self.end, mac: Self.endMAC, address: Self.endHost), in: onward)
        try pair.inReceiver { try Self.forwardPackets() }
        try inOnward { try VethPair.ip("route add default via 198.51.100.1") }
        try pair.inSender { try VethPair.ip("route add default via 192.0.2.2") }
    }

    public func inOnward<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        try VethPair.run(in: onward, body)
    }

    /// In this thread's namespace.
    private static func forwardPackets() throws {
        let file = try FileDescriptor.open("/proc/sys/net/ipv4/ip_forward", .writeOnly, options: .closeOnExec)
        defer { try? file.close() }
        try file.writeAll("1".utf8)
    }
}
