// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// An interface as rtnetlink(7) lists it, with what tells which other interfaces its packets pass.
public struct NetworkLink: Sendable, Hashable {
    public let index: UInt32
    public let name: String
    /// As `vxlan` or `veth` (IFLA_INFO_KIND); nil of hardware.
    public let kind: String?
    public let isUp: Bool
    public let isLoopback: Bool
    public let hasEthernetHeader: Bool
    /// The interface that takes its packets, as a bridge or a bond does (IFLA_MASTER).
    public let master: UInt32?
    /// The interface of this network namespace whose packets it takes or sends (IFLA_LINK), as a VLAN's; of a veth, its peer.
    public let lower: UInt32?
    /// Whether it is an end of a pair whose other end is in another network namespace (IFLA_LINK_NETNSID).
    public let leadsElsewhere: Bool
    /// IP addresses of it, of 4 or 16 bytes.
    public let addresses: Set<[UInt8]>
    /// nil if it is no tunnel.
    public let tunnel: TunnelEnds?

    public init(
        index: UInt32, name: String, kind: String? = nil, isUp: Bool = true, isLoopback: Bool = false,
        hasEthernetHeader: Bool = true, master: UInt32? = nil, lower: UInt32? = nil, leadsElsewhere: Bool = false,
        addresses: Set<[UInt8]> = [], tunnel: TunnelEnds? = nil
    ) {
        self.index = index
        self.name = name
        self.kind = kind
        self.isUp = isUp
        self.isLoopback = isLoopback
        self.hasEthernetHeader = hasEthernetHeader
        self.master = master
        self.lower = lower
        self.leadsElsewhere = leadsElsewhere
        self.addresses = addresses
        self.tunnel = tunnel
    }

    /// Those of this thread's network namespace. Any process may ask.
    public static func all() throws(Errno) -> [NetworkLink] {
        let addresses = try InterfaceAddresses.all()
        return try LinkMessage.all().map { message in
            NetworkLink(message, addresses: addresses[message.index, default: []])
        }
    }

    /// Tunnels of other network namespaces whose outer packets are this thread's, as those of an overlay network of
    /// containers. Namespaces that this process may not enter (CAP_SYS_ADMIN) have none.
    public static func tunnelsElsewhere() -> [NetworkLink] {
        guard let here = try? NetworkNamespace.current() else { return [] }
        var found: [LinkMessage] = []
        NetworkNamespace.visitAll {
            // As the kernel lists a link that lies elsewhere, it gives that namespace a number.
            let links = (try? LinkMessage.all()) ?? []
            guard let netlink = try? Netlink(), let number = here.number(asSeenBy: netlink) else { return }
            found += links.filter { $0.peerNamespace == number && $0.kind.flatMap(TunnelKind.init) != nil }
        }
        // Routes are looked up here.
        return found.map { NetworkLink($0, addresses: [], isOuterHere: true) }
    }

    /// - Parameter isOuterHere: whether its outer packets are known to be those of this network namespace.
    private init(_ message: LinkMessage, addresses: Set<[UInt8]>, isOuterHere: Bool = false) {
        let isHere = isOuterHere || message.peerNamespace == nil
        let lower = message.peerIndex.flatMap { $0 == 0 || $0 == message.index || !isHere ? nil : $0 }
        let kind = message.kind
        self.init(
            index: message.index, name: SpelledBytes.text(message.name ?? []), kind: kind,
            isUp: message.has(IFF_UP), isLoopback: message.has(IFF_LOOPBACK),
            hasEthernetHeader: message.hasEthernetHeader, master: message.masterIndex, lower: lower,
            leadsElsewhere: message.peerNamespace != nil && ["veth", "netkit"].contains(kind), addresses: addresses,
            tunnel: kind.flatMap(TunnelKind.init).map { TunnelEnds($0, message, lower: lower, isHere: isHere) })
    }
}

/// The IP addresses of interfaces (RTM_GETADDR).
enum InterfaceAddresses {
    /// By the interface's index.
    static func all() throws(Errno) -> [UInt32: Set<[UInt8]>] {
        let bodies: [Netlink.Body]
        do throws(Netlink.Refusal) {
            bodies = try Netlink().dump(RTM_GETADDR, Netlink.bytes(of: ifaddrmsg()))
        } catch {
            throw error.errno
        }
        var addresses: [UInt32: Set<[UInt8]>] = [:]
        for body in bodies {
            guard let head = Netlink.load(ifaddrmsg.self, body) else { continue }
            let attributes = Netlink.attributes(body.dropFirst(MemoryLayout<ifaddrmsg>.size))
            // Of a point-to-point interface, IFA_ADDRESS is the other end's.
            guard let address = attributes[Int(IFA_LOCAL)] ?? attributes[Int(IFA_ADDRESS)] else { continue }
            addresses[head.ifa_index, default: []].insert(Array(address))
        }
        return addresses
    }
}
