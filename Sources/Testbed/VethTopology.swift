// SPDX-License-Identifier: BSD-2-Clause

package import Linux
package import RegistryModel
internal import SystemPackage

/// Two network namespaces joined by a veth pair, in which only what is sent on purpose is sent.
///
/// The namespaces have no name: when this value or the process goes, the kernel removes them and all in them.
package struct VethTopology: ~Copyable {
    package static let senderInterface = "pktmeta-a"
    package static let receiverInterface = "pktmeta-b"
    package static let senderAddress = "192.0.2.1"  // RFC 5737
    package static let receiverAddress = "192.0.2.2"
    package static let receiverAddressBytes: [UInt8] = [192, 0, 2, 2]
    package static let senderAddressBytes: [UInt8] = [192, 0, 2, 1]
    package static let senderMACBytes: [UInt8] = [2, 0, 0, 0, 0, 0x0a]
    package static let receiverMACBytes: [UInt8] = [2, 0, 0, 0, 0, 0x0b]
    private static let senderMAC = "02:00:00:00:00:0a"
    private static let receiverMAC = "02:00:00:00:00:0b"

    package let sender: NetworkNamespace
    package let receiver: NetworkNamespace

    package static func make() throws(PacketMetadataError) -> VethTopology {
        let topology = VethTopology(sender: try namespace(), receiver: try namespace())
        try join(
            VethEnd(senderInterface, mac: senderMAC, address: senderAddress), in: topology.sender,
            to: VethEnd(receiverInterface, mac: receiverMAC, address: receiverAddress), in: topology.receiver)
        return topology
    }

    /// Joins two namespaces by a pair, of which both ends are up and know each other.
    package static func join(
        _ near: VethEnd, in sender: borrowing NetworkNamespace, to far: VethEnd,
        in receiver: borrowing NetworkNamespace
    ) throws(PacketMetadataError) {
        let receiverPath = "/proc/\(ProcessID.current)/fd/\(receiver.fd.raw)"
        try ip(
            in: sender,
            [
                "link add \(near.interface) address \(near.mac) type veth"
                    + " peer name \(far.interface) address \(far.mac) netns \(receiverPath)"
            ])
        try raise(near, to: far, in: sender)
        try raise(far, to: near, in: receiver)
        try waitUntilRunning(near.interface, in: sender)
        try waitUntilRunning(far.interface, in: receiver)
    }

    /// Static neighbours and no IPv6: no ARP, no neighbour discovery, no stray packets.
    private static func raise(
        _ end: VethEnd, to other: VethEnd, in namespace: borrowing NetworkNamespace
    ) throws(PacketMetadataError) {
        try ip(
            in: namespace,
            [
                "address add \(end.address)/24 dev \(end.interface)", "link set \(end.interface) up",
                "neigh replace \(other.address) lladdr \(other.mac) dev \(end.interface) nud permanent",
            ])
    }

    /// A namespace without IPv6.
    package static func namespace() throws(PacketMetadataError) -> NetworkNamespace {
        do throws(Errno) {
            let namespace = try NetworkNamespace.create()
            try namespace.disableIPv6()
            return namespace
        } catch {
            throw PacketMetadataError(TestbedRefusal.namespaceNotMade(error))
        }
    }

    private static func waitUntilRunning(
        _ name: String, in namespace: borrowing NetworkNamespace
    ) throws(PacketMetadataError) {
        do throws(NamespaceError<Errno>) {
            try namespace.run { () throws(Errno) in
                try NetworkInterface(named: name).waitUntilRunning(timeout: .seconds(10))
            }
        } catch {
            throw PacketMetadataError(TestbedRefusal.interfaceNotUp(name, "\(error)"))
        }
    }

    static func ip(
        in namespace: borrowing NetworkNamespace, _ commands: [String]
    ) throws(PacketMetadataError) {
        for command in commands {
            let arguments = ["ip"] + command.split(separator: " ").map(String.init)
            do throws(NamespaceError<Errno>) {
                let outcome = try namespace.run { () throws(Errno) in try ChildProcess.run(arguments) }
                guard outcome.status != 0 else { continue }
                throw NamespaceError.body(.ioError)
            } catch {
                throw PacketMetadataError(TestbedRefusal.commandFailed("ip \(command)", "\(error)"))
            }
        }
    }
}

/// An end of a veth pair.
package struct VethEnd: Sendable {
    package let interface: String
    package let mac: String
    /// Of IPv4, in a network of 24 bits.
    package let address: String

    package init(_ interface: String, mac: String, address: String) {
        self.interface = interface
        self.mac = mac
        self.address = address
    }
}
