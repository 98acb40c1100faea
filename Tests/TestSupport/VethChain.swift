// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage

/// A veth pair whose far end forwards to a third namespace, over a second pair.
///
///     near0 -- far0 [forwards] out0 -- end0
public final class VethChain: @unchecked Sendable {
    public static let out = "out0"
    public static let end = "end0"
    public static let endAddress: [UInt8] = [198, 51, 100, 2]
    public static let endHost = "198.51.100.2"

    public let pair: VethPair
    public let onward: NetworkNamespace

    public init() throws {
        let pair = try VethPair()
        let onward = try NetworkNamespace.create()
        try onward.disableIPv6()
        let onwardPath = "/proc/\(ProcessID.current)/fd/\(onward.fd.raw)"
        self.pair = pair
        self.onward = onward
        try pair.inReceiver {
            try VethPair.ip(
                "link add out0 address 02:00:00:00:00:03 type veth peer name end0 address 02:00:00:00:00:04"
                    + " netns \(onwardPath)")
            try VethPair.ip("address add 198.51.100.1/24 dev out0")
            try VethPair.ip("link set out0 up")
            try VethPair.ip("neigh replace 198.51.100.2 lladdr 02:00:00:00:00:04 dev out0 nud permanent")
            try Self.forwardPackets()
        }
        try inOnward {
            try VethPair.ip("address add 198.51.100.2/24 dev end0")
            try VethPair.ip("link set end0 up")
            try VethPair.ip("neigh replace 198.51.100.1 lladdr 02:00:00:00:00:03 dev end0 nud permanent")
            try VethPair.ip("route add default via 198.51.100.1")
        }
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
