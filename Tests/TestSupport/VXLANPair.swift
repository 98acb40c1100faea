// SPDX-License-Identifier: BSD-2-Clause

import Linux

extension VethPair {
    public static let tunnel = "vxlan0"
    public static let farTunnelAddress: [UInt8] = [198, 51, 100, 2]

    /// A VXLAN device at each end, over the pair, that know each other: nothing is sent by itself.
    ///
    /// - Parameter isOverIPv6: else over IPv4.
    public func addTunnels(isOverIPv6: Bool = false) throws {
        let (near, far) =
            isOverIPv6 ? (Self.nearIPv6Address, Self.farIPv6Address) : (Self.nearAddress, Self.farAddress)
        if isOverIPv6 { try addIPv6() }
        try inSender { try Self.addTunnel(1, near, to: 2, far) }
        try inReceiver { try Self.addTunnel(2, far, to: 1, near) }
    }

    private static let nearIPv6Address = "fd00::1"
    public static let farIPv6Address = "fd00::2"

    /// An IPv6 address at each end, that know each other.
    public func addIPv6() throws {
        let (near, far) = (Self.nearIPv6Address, Self.farIPv6Address)
        try inSender { try Self.addIPv6(near, to: Self.near, knowing: far, at: "02:00:00:00:00:02") }
        try inReceiver { try Self.addIPv6(far, to: Self.far, knowing: near, at: "02:00:00:00:00:01") }
    }

    private static func addIPv6(_ own: String, to interface: String, knowing other: String, at mac: String) throws {
        let setting = "/proc/sys/net/ipv6/conf/\(interface)/disable_ipv6"
        let outcome = try ChildProcess.run(["sh", "-c", "echo 0 >\(setting)"])
        guard outcome.status == 0 else { throw IPFailure(command: setting, output: outcome.output) }
        try ip("-6 address add \(own)/64 dev \(interface) nodad")
        try ip("-6 neigh replace \(other) lladdr \(mac) dev \(interface) nud permanent")
    }

    private static func addTunnel(_ host: Int, _ local: String, to other: Int, _ remote: String) throws {
        try ip(
            "link add \(tunnel) address 02:00:00:00:01:0\(host) type vxlan id 7 dstport 4789 local \(local) remote \(remote)"
        )
        try ip("address add 198.51.100.\(host)/24 dev \(tunnel)")
        try ip("link set \(tunnel) up")
        try ip("neigh replace 198.51.100.\(other) lladdr 02:00:00:00:01:0\(other) dev \(tunnel) nud permanent")
    }

    /// Sends bytes over TCP from the near to the far end.
    ///
    /// - Parameter address: of the far end.
    public func stream(_ count: Int, to address: [UInt8]) throws {
        let listener = try inReceiver { try TCPListener(port: Self.port) }
        let sender = try inSender { try TCPConnection(to: address, port: Self.port) }
        let reader = StreamReader(try listener.accept())
        let thread = try WorkerThread { reader.readAll() }
        let chunk = [UInt8](repeating: 0x5a, count: 64 << 10)
        var sent = 0
        while sent < count { sent += try sender.send(chunk) }
        sender.finish()
        thread.join()
    }

    private final class StreamReader: Sendable {
        private let connection: TCPConnection

        init(_ connection: consuming TCPConnection) { self.connection = connection }

        func readAll() {
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while let received = try? connection.receive(into: &buffer), received > 0 {}
        }
    }
}
