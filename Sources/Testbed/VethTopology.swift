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

    package static func make(_ summary: String) throws(PacketMetadataError) -> VethTopology {
        let sender = try namespace(summary)
        let receiver = try namespace(summary)
        let receiverPath = "/proc/\(ProcessID.current)/fd/\(receiver.fd.raw)"
        // Static neighbours and no IPv6: no ARP, no neighbour discovery, no stray packets.
        try ip(
            in: sender, summary,
            [
                "link add \(senderInterface) address \(senderMAC) type veth"
                    + " peer name \(receiverInterface) address \(receiverMAC) netns \(receiverPath)",
                "address add \(senderAddress)/24 dev \(senderInterface)",
                "link set \(senderInterface) up",
                "neigh replace \(receiverAddress) lladdr \(receiverMAC) dev \(senderInterface) nud permanent",
            ])
        try ip(
            in: receiver, summary,
            [
                "address add \(receiverAddress)/24 dev \(receiverInterface)",
                "link set \(receiverInterface) up",
                "neigh replace \(senderAddress) lladdr \(senderMAC) dev \(receiverInterface) nud permanent",
            ])
        try waitUntilRunning(senderInterface, in: sender, summary)
        try waitUntilRunning(receiverInterface, in: receiver, summary)
        return VethTopology(sender: sender, receiver: receiver)
    }

    private static func namespace(_ summary: String) throws(PacketMetadataError) -> NetworkNamespace {
        do throws(Errno) {
            let namespace = try NetworkNamespace.create()
            try namespace.disableIPv6()
            return namespace
        } catch {
            let lacks = error == .notPermitted ? "; it takes CAP_SYS_ADMIN" : ""
            throw PacketMetadataError(
                error == .notPermitted ? .missingPrivilege : .system, summary,
                reason: "cannot make a network namespace (\(error.name))\(lacks)")
        }
    }

    private static func waitUntilRunning(
        _ name: String, in namespace: borrowing NetworkNamespace, _ summary: String
    ) throws(PacketMetadataError) {
        do throws(NamespaceError<Errno>) {
            try namespace.run { () throws(Errno) in
                try NetworkInterface(named: name).waitUntilRunning(timeout: .seconds(5))
            }
        } catch {
            throw PacketMetadataError(.system, summary, reason: "\(name) does not come up: \(error)")
        }
    }

    private static func ip(
        in namespace: borrowing NetworkNamespace, _ summary: String, _ commands: [String]
    ) throws(PacketMetadataError) {
        for command in commands {
            let arguments = ["ip"] + command.split(separator: " ").map(String.init)
            do throws(NamespaceError<Errno>) {
                let outcome = try namespace.run { () throws(Errno) in try ChildProcess.run(arguments) }
                guard outcome.status != 0 else { continue }
                throw NamespaceError.body(.ioError)
            } catch {
                throw PacketMetadataError(
                    .system, summary, reason: "ip \(command): \(error)",
                    remedy: "This uses iproute2: apt-get install iproute2.")
            }
        }
    }
}
