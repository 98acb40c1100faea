// SPDX-License-Identifier: BSD-2-Clause

import Linux
import Testing

@testable import PacketMetadata

/// Which tunnels an interface's packets come out of, by what links say of each other.
@Suite struct TunnelPathsTests {
    static let eth = NetworkLink(index: 2, name: "eth0", addresses: [[192, 0, 2, 2]])
    static let other = NetworkLink(index: 3, name: "eth1", addresses: [[203, 0, 113, 2]])
    static let loopback = NetworkLink(
        index: 1, name: "lo", isLoopback: true, addresses: [[127, 0, 0, 1], [10, 0, 0, 1]])

    static func tunnel(_ ends: TunnelEnds, isUp: Bool = true, index: UInt32 = 9) -> NetworkLink {
        NetworkLink(index: index, name: "t0", kind: ends.kind.rawValue, isUp: isUp, tunnel: ends)
    }

    static func paths(_ index: UInt32, _ tunnel: NetworkLink, _ more: NetworkLink...) -> TunnelPaths {
        TunnelPaths(of: index, among: [loopback, eth, other, tunnel] + more)
    }

    static let certain = [TunnelPaths.Tunnel(name: "t0", kind: .vxlan)]

    @Test(arguments: [
        TunnelEnds(.vxlan, lower: 2), TunnelEnds(.vxlan, local: [192, 0, 2, 2]), TunnelEnds(.vxlan, towardsRemote: 2),
        // What it is bound to says more than where its other end is.
        TunnelEnds(.vxlan, lower: 2, local: [203, 0, 113, 2]),
        TunnelEnds(.vxlan, local: [192, 0, 2, 2], towardsRemote: 3),
    ])
    func whatATunnelIsBoundTo(ends: TunnelEnds) {
        let tunnel = Self.tunnel(ends)
        #expect(Self.paths(2, tunnel).above == Self.certain)
        for index: UInt32 in [1, 3] {
            let paths = Self.paths(index, tunnel)
            #expect(paths.above.isEmpty && paths.perhapsAbove.isEmpty)
        }
        let own = Self.paths(9, tunnel)
        #expect(own.own == .vxlan && own.below == "eth0" && own.above.isEmpty)
    }

    @Test(arguments: [
        TunnelEnds(.vxlan),
        // An address of the loopback interface is reached by any.
        TunnelEnds(.vxlan, local: [10, 0, 0, 1], towardsRemote: 2), TunnelEnds(.vxlan, towardsRemote: 1),
    ])
    func oneThatIsBoundToNone(ends: TunnelEnds) {
        let tunnel = Self.tunnel(ends)
        for index: UInt32 in [2, 3] {
            let paths = Self.paths(index, tunnel)
            #expect(paths.above.isEmpty && paths.perhapsAbove == Self.certain)
        }
        // Nobody sends to an interface without address, such as a container's end of a veth.
        let bare = Self.paths(5, tunnel, NetworkLink(index: 5, name: "veth0", kind: "veth"))
        #expect(bare.perhapsAbove.isEmpty)
        #expect(Self.paths(1, tunnel).perhapsAbove.isEmpty)
        #expect(Self.paths(9, tunnel).own == .vxlan && Self.paths(9, tunnel).below == nil)
    }

    @Test func devicesThatAreDownOrOfOtherNamespacesAreNone() {
        #expect(Self.paths(2, Self.tunnel(TunnelEnds(.vxlan, lower: 2), isUp: false)).above.isEmpty)
        let away = Self.paths(2, Self.tunnel(TunnelEnds(.vxlan, lower: 2, isHere: false)))
        #expect(away.above.isEmpty && away.perhapsAbove.isEmpty)
    }

    /// Its number may be that of an interface here.
    @Test func aDeviceInAnotherNamespaceWhosePacketsAreHere() {
        let elsewhere = Self.tunnel(TunnelEnds(.vxlan, local: [192, 0, 2, 2]), index: 2)
        let paths = TunnelPaths(of: 2, among: [Self.loopback, Self.eth, Self.other], elsewhere: [elsewhere])
        #expect(paths.above == [TunnelPaths.Tunnel(name: "t0", kind: .vxlan, isElsewhere: true)])
        #expect(paths.own == nil)
        let other = TunnelPaths(of: 3, among: [Self.loopback, Self.eth, Self.other], elsewhere: [elsewhere])
        #expect(other.above.isEmpty)
    }

    /// eth2, in a bridge with a VLAN on top, which the tunnel is bound to.
    @Test func throughABridgeAndAVLAN() {
        let port = NetworkLink(index: 4, name: "eth2", master: 5)
        let bridge = NetworkLink(index: 5, name: "br0", kind: "bridge")
        let vlan = NetworkLink(index: 6, name: "br0.7", kind: "vlan", lower: 5)
        let tunnel = Self.tunnel(TunnelEnds(.geneve, towardsRemote: 6))
        for index: UInt32 in [4, 5, 6] {
            #expect(Self.paths(index, tunnel, port, bridge, vlan).above.map(\.kind) == [.geneve])
        }
        #expect(Self.paths(2, tunnel, port, bridge, vlan).above.isEmpty)
        // What a tunnel takes out does not count as what comes in below it, nor does a veth's other end.
        let over = NetworkLink(index: 7, name: "t0.7", kind: "vlan", lower: 9)
        let peer = NetworkLink(index: 8, name: "veth1", kind: "veth", lower: 2)
        let inner = Self.tunnel(TunnelEnds(.vxlan, lower: 7), index: 10)
        let second = Self.tunnel(TunnelEnds(.vxlan, lower: 8), index: 11)
        #expect(Self.paths(4, tunnel, port, bridge, vlan, over, inner).above.map(\.kind) == [.geneve])
        #expect(Self.paths(2, second, peer).above.isEmpty)
    }
}
