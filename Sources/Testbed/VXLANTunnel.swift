// SPDX-License-Identifier: BSD-2-Clause

package import RegistryModel

extension VethTopology {
    package static let tunnelInterface = "pktmeta-vxlan"
    package static let receiverTunnelAddressBytes: [UInt8] = [198, 51, 100, 2]  // RFC 5737

    /// A VXLAN device in each namespace, over the pair and IPv4, that know each other: nothing is sent by itself.
    package borrowing func addTunnel() throws(PacketMetadataError) {
        let near = VethEnd(Self.tunnelInterface, mac: "02:00:00:00:01:0a", address: "198.51.100.1")
        let far = VethEnd(Self.tunnelInterface, mac: "02:00:00:00:01:0b", address: "198.51.100.2")
        try Self.ip(in: sender, Self.commands(near, to: far, from: Self.senderAddress, to: Self.receiverAddress))
        try Self.ip(in: receiver, Self.commands(far, to: near, from: Self.receiverAddress, to: Self.senderAddress))
    }

    private static func commands(
        _ end: VethEnd, to other: VethEnd, from local: String, to remote: String
    ) -> [String] {
        [
            "link add \(end.interface) address \(end.mac) type vxlan id 42 dstport 4789 local \(local) remote \(remote)",
            "address add \(end.address)/24 dev \(end.interface)", "link set \(end.interface) up",
            "neigh replace \(other.address) lladdr \(other.mac) dev \(end.interface) nud permanent",
        ]
    }
}
