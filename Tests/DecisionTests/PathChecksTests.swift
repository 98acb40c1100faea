// SPDX-License-Identifier: BSD-2-Clause

import Linux
import Testing

@testable import PacketMetadata

/// What the doctor says of the way of an interface's packets, by facts.
@Suite struct PathChecksTests {
    static func findings(
        _ ends: TunnelEnds?, offloads: ReceiveOffloads? = ReceiveOffloads(gro: true), isGeneric: Bool = false,
        looksElsewhere: Bool = true
    ) -> [Finding.Check: Finding] {
        let tunnel = ends.map { NetworkLink(index: 9, name: "t0", kind: $0.kind.rawValue, tunnel: $0) }
        let links = [TunnelPathsTests.eth] + [tunnel].compactMap(\.self)
        let checks = PathChecks(
            interface: "eth0", tunnels: TunnelPaths(of: 2, among: links), offloads: offloads, isGeneric: isGeneric,
            looksElsewhere: looksElsewhere)
        return Dictionary(uniqueKeysWithValues: checks.findings.map { ($0.check, $0) })
    }

    static func text(_ finding: Finding?) -> String {
        if case .text(let text)? = finding?.evidence { text } else { "" }
    }

    @Test func anOrdinaryHostHearsOneGoodThing() {
        for offloads in [nil, ReceiveOffloads(gro: true), ReceiveOffloads(gro: false)] {
            let findings = Self.findings(nil, offloads: offloads, isGeneric: true)
            #expect(findings.count == 1 && findings[.tunnels]?.level == .ok)
        }
    }

    @Test func whoMayNotLookElsewhereHearsIt() {
        let finding = Self.findings(nil, looksElsewhere: false)[.tunnels]
        #expect(finding?.level == .unknown && finding?.isPrivilege == true)
        #expect(Self.text(finding).hasPrefix("no tunnel of this network namespace takes"))
        let found = Self.findings(TunnelEnds(.vxlan, lower: 2), looksElsewhere: false)[.tunnels]
        #expect(found?.level == .weaker, "what is there is there")
    }

    @Test(arguments: TunnelKind.allCases)
    func areasAreDisplacedBehindATunnel(kind: TunnelKind) {
        let findings = Self.findings(TunnelEnds(kind, lower: 2))
        #expect(findings[.tunnels]?.level == .weaker)
        #expect(Self.text(findings[.tunnels]).hasPrefix("t0 (\(kind)) takes packets that come in here out of"))
        #expect(findings[.tunnelGRO]?.level == (kind.isEncrypted ? .weaker : .ok))
        #expect(Self.text(Self.findings(TunnelEnds(kind))[.tunnels]).hasPrefix("t0 (\(kind)) may take packets"))
    }

    @Test func whatKeepsGROFromMergingBelowATunnel() {
        let ends = TunnelEnds(.vxlan, lower: 2)
        let off = Self.findings(ends, offloads: ReceiveOffloads(gro: false))[.tunnelGRO]
        #expect(off?.level == .weaker && off?.remedy == "ethtool -K eth0 gro on")
        #expect(Self.text(off).hasPrefix("GRO is off on eth0, so any area on its packets keeps GRO from merging"))
        let generic = Self.findings(ends, isGeneric: true)[.tunnelGRO]
        #expect(generic?.level == .weaker)
        #expect(Self.text(generic).hasPrefix("a program in generic mode keeps GRO off eth0"))
        #expect(Self.findings(ends, offloads: nil)[.tunnelGRO]?.level == .unknown)
    }

    @Test func offloadsThatAreOn() {
        let all = ReceiveOffloads(gro: true, groList: true, udpForwarding: true, lro: true)
        let findings = Self.findings(nil, offloads: all)
        #expect(Set(findings.keys) == [.tunnels, .groList, .udpForwarding, .lro])
        #expect(findings[.udpForwarding]?.remedy == "ethtool -K eth0 rx-udp-gro-forwarding off")
        // Without GRO, its ways of merging do not matter.
        let off = ReceiveOffloads(gro: false, groList: true, udpForwarding: true, lro: true)
        #expect(Set(Self.findings(nil, offloads: off).keys) == [.tunnels, .lro])
    }

    /// Before Linux 6.18, of 6.18, and after.
    @Test func taps() {
        func found(_ writes: Bool, _ copies: Bool) -> Finding {
            TrafficChecks.finding("tcpdump (pid 7)", KernelTraits(writesBesideTaps: writes, copiesBesideTaps: copies))
        }
        #expect(Self.text(found(false, false)).contains("may share its packets: set at TC loses the area"))
        #expect(Self.text(found(true, false)).contains("set and clear at TC are refused (EBUSY)"))
        #expect(found(true, false).level == .weaker)
        #expect(found(true, true).level == .ok && found(true, true).remedy == nil)
    }
}
