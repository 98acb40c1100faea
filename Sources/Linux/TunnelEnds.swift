// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import SystemPackage

/// Kinds of interfaces that take packets out of others, or decrypt them; raw values are what `ip link` calls them.
public enum TunnelKind: String, Sendable, Hashable, CaseIterable {
    case vxlan, geneve, bareudp
    case gre, gretap, ip6gre, ip6gretap, erspan, ip6erspan
    case ipip, sit, ip6tnl
    case vti, vti6, xfrm
    case wireguard, macsec

    /// Whether what it takes in is encrypted, so that no one can merge it before.
    public var isEncrypted: Bool {
        switch self {
        case .vti, .vti6, .xfrm, .wireguard, .macsec: true
        default: false
        }
    }

    /// Numbers of its attributes in IFLA_INFO_DATA.
    fileprivate var attributes: Attributes {
        switch self {
        // linux/if_link.h: IFLA_VXLAN_*, IFLA_GENEVE_*, IFLA_XFRM_*
        case .vxlan: Attributes(link: 3, local: [4, 17], remote: [2, 16])
        case .geneve: Attributes(remote: [2, 7])
        case .xfrm: Attributes(link: 1)
        // linux/if_tunnel.h: IFLA_GRE_*, IFLA_IPTUN_*, IFLA_VTI_*
        case .gre, .gretap, .ip6gre, .ip6gretap, .erspan, .ip6erspan: Attributes(link: 1, local: [6], remote: [7])
        case .ipip, .sit, .ip6tnl: Attributes(link: 1, local: [2], remote: [3])
        case .vti, .vti6: Attributes(link: 1, local: [4], remote: [5])
        case .bareudp, .wireguard, .macsec: Attributes()
        }
    }

    fileprivate struct Attributes {
        var link: Int?
        /// Of IPv4 and IPv6, where they have numbers of their own.
        var local: [Int] = []
        var remote: [Int] = []
    }
}

/// Between which addresses a tunnel is, as far as the kernel tells.
public struct TunnelEnds: Sendable, Hashable {
    public let kind: TunnelKind
    /// The interface that it is bound to; nil if to none.
    public let lower: UInt32?
    /// Of 4 or 16 bytes; nil for any.
    public let local: [UInt8]?
    /// The interface that the route to its other end leads by, if it has one other end.
    public let towardsRemote: UInt32?
    /// Whether its outer packets are those of this network namespace.
    public let isHere: Bool

    public init(
        _ kind: TunnelKind, lower: UInt32? = nil, local: [UInt8]? = nil, towardsRemote: UInt32? = nil,
        isHere: Bool = true
    ) {
        self.kind = kind
        self.lower = lower
        self.local = local
        self.towardsRemote = towardsRemote
        self.isHere = isHere
    }

    /// - Parameter lower: what IFLA_LINK says.
    init(_ kind: TunnelKind, _ message: LinkMessage, lower: UInt32?, isHere: Bool) {
        let values = message.kindAttributes
        let numbers = kind.attributes
        func address(_ numbers: [Int]) -> [UInt8]? {
            numbers.lazy.compactMap { values[$0] }.map(Array.init).first { $0.contains { $0 != 0 } }
        }
        let link = numbers.link.flatMap { values[$0] }.flatMap { Netlink.load(UInt32.self, $0) }
        self.init(
            kind, lower: link.flatMap { $0 == 0 ? nil : $0 } ?? lower, local: address(numbers.local),
            towardsRemote: isHere ? address(numbers.remote).flatMap(Route.interface) : nil, isHere: isHere)
    }
}

/// Routes of this thread's network namespace (RTM_GETROUTE).
enum Route {
    /// - Parameter address: of 4 or 16 bytes.
    /// - Returns: the index of the interface by which packets go there; nil if there is no route, or it is a group's.
    static func interface(to address: [UInt8]) -> UInt32? {
        let isIPv4 = address.count == 4
        guard let first = address.first, isIPv4 ? !(224...239).contains(first) : first != 0xff else { return nil }
        var head = rtmsg()
        head.rtm_family = UInt8(isIPv4 ? AF_INET : AF_INET6)
        head.rtm_dst_len = UInt8(address.count * 8)
        let asked = Netlink.bytes(of: head) + Netlink.attribute(Int(RTA_DST.rawValue), address)
        guard let answer = try? Netlink().request(RTM_GETROUTE, asked).first else { return nil }
        let attributes = Netlink.attributes(answer.dropFirst(MemoryLayout<rtmsg>.size))
        return attributes[Int(RTA_OIF.rawValue)].flatMap { Netlink.load(UInt32.self, $0) }
    }
}
