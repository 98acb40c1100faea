// SPDX-License-Identifier: BSD-2-Clause

import BPF
import TestSupport

/// Devices that packets go through.
extension SurvivalSection {
    static let devices = SurvivalSection(
        heading: "Through devices of the host",
        rows: [
            SurvivalRow(
                "In by a bridge's port, TC ingress of the bridge", .either, .value, stays,
                Route(
                    device: .bridgePort, traffic: .datagrams(to: "198.18.20.2"), reader: .ingress("bridge0"),
                    onlyProtocol: 17)),
            SurvivalRow(
                "In by a bridge's port, TC egress of another port", .either, .value, stays,
                Route(
                    device: .bridgePort, traffic: .datagrams(to: "198.18.20.3"), reader: .outEgress,
                    onlyProtocol: 17)),
            SurvivalRow(
                "The same, TC ingress in the next network namespace", .either, .value, stays,
                Route(
                    device: .bridgePort, traffic: .datagrams(to: "198.18.20.3"), reader: .endIngress,
                    onlyProtocol: 17)),
            SurvivalRow(
                "TC ingress of a macvlan in another network namespace", .either, .value, stays,
                Route(
                    device: .macvlan, traffic: .datagrams(to: "198.18.6.3"),
                    reader: .ingress("macvlan0", in: .onward), onlyProtocol: 17)),
            SurvivalRow(
                "TC ingress of an ipvlan (L2) in another network namespace", .either, .value, stays,
                Route(
                    device: .ipvlan, traffic: .datagrams(to: "198.18.16.3"),
                    reader: .ingress("ipvlan0", in: .onward), onlyProtocol: 17)),
            SurvivalRow(
                "TC ingress of a VLAN device", .either, .value, stays,
                Route(device: .vlan, traffic: .datagrams(to: "198.18.7.2"), reader: .ingress("vlan0"))),
            SurvivalRow(
                "TC ingress of a VLAN device on another (QinQ)", .either, .value, stays,
                Route(device: .qinq, traffic: .datagrams(to: "198.18.8.2"), reader: .ingress("inner0"))),
            SurvivalRow(
                "TC ingress of a bond, set on its port", .either, .value, stays,
                Route(
                    device: .bond, traffic: .datagrams(to: "198.18.14.2"), reader: .ingress("bond0"), onlyProtocol: 17)),
            SurvivalRow(
                "TC ingress of a team, set on its port", .either, .value, stays,
                Route(
                    device: .team, traffic: .datagrams(to: "198.18.15.2"), reader: .ingress("team0"), onlyProtocol: 17)),
            SurvivalRow(
                "Forwarded to a netkit (L3), TC egress of it", .either, .absent.since(.linux612, .value), stays,
                Route(device: .netkit, traffic: .datagrams(to: "198.18.17.3"), reader: .egress("netkit0"))),
            SurvivalRow(
                "The same, TC ingress of its peer in another network namespace", .either,
                .absent.since(.linux612, .value), stays,
                Route(
                    device: .netkit, traffic: .datagrams(to: "198.18.17.3"), reader: .ingress("nk0", in: .onward))),
            SurvivalRow(
                "Forwarded to a tap, TC egress", .either, .value, stays,
                Route(device: .tap, traffic: .datagrams(to: "198.18.5.3"), reader: .egress("tap0"))),
            SurvivalRow(
                "Forwarded to a tun, TC egress", .either, .displaced,
                "It has no Ethernet header: TC takes the area to lie 14 bytes further up.",
                Route(device: .tun, traffic: .datagrams(to: "198.18.4.3"), reader: .egress("tun0"))),
        ])

    private static let stays = "The area stays with the packet."

    static let tunnels = SurvivalSection(
        heading: "Through tunnels",
        rows: [
            SurvivalRow(
                "Out of VXLAN, TC ingress of its device", .either, .displaced, behindOuter,
                Route(device: .vxlan, traffic: .datagrams(to: "198.18.1.2"), reader: .ingress("vxlan1"))),
            SurvivalRow(
                "The same, the outer IP header with options", .either, .displaced, behindOuter,
                Route(device: .vxlan, traffic: .tunnelWithOptions, reader: .ingress("vxlan1"))),
            SurvivalRow(
                "Out of VXLAN, then by a bridge, TC ingress in the next network namespace", .either, .displaced,
                "The area stays where the outer headers began.",
                Route(device: .bridgedVXLAN, traffic: .datagrams(to: "198.18.1.3"), reader: .endIngress)),
            SurvivalRow(
                "Into VXLAN, TC egress of the interface below", .either, .displaced,
                "The packet begins with the outer headers, the area does not move.",
                Route(device: .onwardVXLAN, traffic: .datagrams(to: "198.18.2.3"), reader: .outEgress)),
            SurvivalRow(
                "Into VXLAN, and out of it in the next network namespace", .either, .displaced,
                "The area is where it was, but the outer headers lay on its stamp.",
                Route(
                    device: .onwardVXLAN, traffic: .datagrams(to: "198.18.2.3"),
                    reader: .ingress("vxlan2", in: .onward))),
            SurvivalRow(
                "Out of Geneve, TC ingress of its device", .either, .displaced, behindOuter,
                Route(device: .geneve, traffic: .datagrams(to: "198.18.11.2"), reader: .ingress("geneve0"))),
            SurvivalRow(
                "Out of GRE, TC ingress of its device", .either, .displaced, behindOuter,
                Route(device: .gre, traffic: .datagrams(to: "198.18.9.2"), reader: .ingress("gretun0"))),
            SurvivalRow(
                "Out of IPIP, TC ingress of its device", .either, .value.since(.linux61, .displaced),
                "As out of GRE. On 5.10 TC gets the packet with its outer headers.",
                Route(device: .ipip, traffic: .datagrams(to: "198.18.10.2"), reader: .ingress("ipiptun0"))),
            SurvivalRow(
                "Out of SRv6 (End.DX2), TC ingress in the next network namespace", .either,
                .displaced.since(.newest, .none),
                behindOuter + " On 7.3 there is none.",
                Route(device: .segmentRouting, traffic: .segmentRouting, reader: .endIngress)),
            SurvivalRow(
                "Out of WireGuard, TC ingress of its device", .either, .displaced, behindOuter,
                Route(
                    outerMarker: (protocol: 17, at: 50, ahead: 0), device: .wireguard,
                    traffic: .datagrams(to: "198.18.12.2"),
                    reader: .ingress("wg0"))),
            SurvivalRow(
                "Out of IPsec (ESP, tunnel mode), TC ingress of the same interface", .native, .displaced, behindOuter,
                ipsec),
            SurvivalRow(
                "Out of IPsec (ESP, tunnel mode), TC ingress of the same interface", .generic, .value,
                "XDP sees the packet twice, and sets the field on the decrypted one.", ipsec),
        ])

    private static let ipsec = Route(
        outerMarker: (protocol: 50, at: 41, ahead: 1), device: .ipsec, traffic: .datagrams(to: "198.18.13.2"),
        onlyProtocol: 17)

    private static let behindOuter = "The packet begins behind the outer headers, the area stays in front of them."
}
