// SPDX-License-Identifier: BSD-2-Clause

import BPF
import TestSupport

extension SurvivalSection {
    /// In the order of Survival.md, which has the same tables.
    static let all = [
        passing, redirected, merged, helpers, movedBack, outOfRoom, oldCursors, tapped, devices, tunnels,
    ]

    static let passing = SurvivalSection(
        heading: "On the way through the host",
        rows: [
            SurvivalRow(
                "TC ingress of the same interface", .either, .value, "The usual place for a reader.", Route()),
            SurvivalRow(
                "The same, set by an `xdp.frags` program", .generic,
                .absent.since(.linux61, .value).since(.linux612, .displaced),
                "On 6.12 and later TC gets the packet without its Ethernet header: the area is taken to lie 14 bytes further up.",
                Route(frags: true)),
            SurvivalRow(
                "Sent with a VLAN tag, or with two", .either, .value,
                "The kernel moves the area along as it takes the tag out of the packet.",
                Route(change: "vlan_push", changeAt: .nearEgress, amounts: [1, 2])),
            SurvivalRow(
                "Forwarded, TC egress of another interface", .either, .value, "The area stays with the packet.",
                Route(traffic: .toEnd, reader: .outEgress)),
            SurvivalRow(
                "The same, set by an `xdp.frags` program", .generic, .absent.since(.linux61, .value),
                "Forwarding finds the Ethernet header again.",
                Route(frags: true, traffic: .toEnd, reader: .outEgress)),
            SurvivalRow(
                "Forwarded, TC ingress in the next network namespace", .either, .value,
                "Namespaces do not clear metadata: a feature, or a leak.",
                Route(traffic: .toEnd, reader: .endIngress)),
            SurvivalRow(
                "The same with GRO there", .either, .value, "As without.",
                Route(endGRO: true, traffic: .toEnd, reader: .endIngress)),
            SurvivalRow(
                "The same with native XDP there that makes no area", .native, .value,
                "The program sees no metadata, yet what there was is still there behind it.",
                Route(endXDP: .native, traffic: .toEnd, reader: .endIngress)),
            SurvivalRow(
                "The same with native XDP there that makes no area", .generic, .none,
                "veth copies this packet for XDP.",
                Route(endXDP: .native, traffic: .toEnd, reader: .endIngress)),
            SurvivalRow(
                "The same with generic XDP there that makes no area", .either, .value, "As with native XDP.",
                Route(endXDP: .generic, traffic: .toEnd, reader: .endIngress)),
            SurvivalRow(
                "The same with native XDP there that opens", .either, .new,
                "XDP on a second interface sees no metadata, so open makes a new area.",
                Route(endXDP: .native, endOpens: true, traffic: .toEnd, reader: .endIngress)),
            SurvivalRow(
                "The same with generic XDP there that opens", .either, .new, "As with native XDP.",
                Route(endXDP: .generic, endOpens: true, traffic: .toEnd, reader: .endIngress)),
            SurvivalRow(
                "TC ingress where no XDP program is", .none, .none, "TC can't make an area.", Route(stamp: nil)),
            SurvivalRow(
                "Sent by the host itself, TC egress", .none, .none, "No XDP program has seen the packet.",
                Route(stamp: nil, reader: .nearEgress)),
            SurvivalRow(
                "lo: sent by the host to itself, XDP and TC ingress there", .generic, .value,
                "XDP sees the packet as it comes in, as on any interface.",
                Route(
                    stampAt: .loopback, device: .loopback, traffic: .loopback, reader: .loopback, onlyProtocol: 17)),
        ])

    static let redirected = SurvivalSection(
        heading: "Redirected",
        rows: [
            SurvivalRow(
                "devmap redirect to a veth whose peer has native XDP", .native, .none.since(.linux61, .value),
                "The frame takes its metadata along. On 5.10 veth's peer leaves it in the frame.",
                Route(stamp: .toDevice, endXDP: .native, reader: .endIngress)),
            SurvivalRow(
                "devmap redirect to a veth whose peer has GRO", .native, .noPacket.since(.linux61, .value),
                "As with native XDP. On 5.10 GRO does not make the peer poll.",
                Route(stamp: .toDevice, endGRO: true, reader: .endIngress)),
            SurvivalRow(
                "devmap redirect to a veth whose peer has neither", .native, .noPacket,
                "veth takes frames only where the peer polls, and drops others silently.",
                Route(stamp: .toDevice, reader: .endIngress)),
            SurvivalRow(
                "devmap redirect to a veth whose peer has generic XDP", .native, .noPacket,
                "Generic XDP does not make the peer poll.",
                Route(stamp: .toDevice, endXDP: .generic, reader: .endIngress)),
            SurvivalRow(
                "devmap redirect to a veth whose peer has native XDP", .generic, .none, afterGenericRedirect,
                Route(stamp: .toDevice, endXDP: .native, reader: .endIngress)),
            SurvivalRow(
                "devmap redirect to a veth whose peer has GRO", .generic, .none, afterGenericRedirect,
                Route(stamp: .toDevice, endGRO: true, reader: .endIngress)),
            SurvivalRow(
                "devmap redirect to a veth whose peer has neither", .generic, .none, afterGenericRedirect,
                Route(stamp: .toDevice, reader: .endIngress)),
            SurvivalRow(
                "cpumap redirect", .native, .value, "The frame takes its metadata along.", Route(stamp: .toCPU)),
            SurvivalRow(
                "cpumap redirect", .generic, .noPacket.since(.linux61, .none),
                afterGenericRedirect + " On 5.10 there is none to a CPU.", Route(stamp: .toCPU)),
            SurvivalRow(
                "`bpf_redirect`, TC egress of the target", .either, .value, "The area stays with the packet.",
                Route(change: "redirect", reader: .outEgress)),
            SurvivalRow(
                "`bpf_redirect`, TC ingress of the target's peer", .either, .value,
                "The area stays with the packet.", Route(change: "redirect", reader: .endIngress)),
            SurvivalRow(
                "`bpf_redirect` to an ifb, TC egress of it", .either, .value, "The area stays with the packet.",
                Route(change: "redirect", target: "ifb0", device: .ifb, reader: .egress("ifb0"))),
            SurvivalRow(
                "`bpf_redirect_peer`, TC ingress of the peer", .either, .value, "The area stays with the packet.",
                Route(change: "redirect_peer", reader: .endIngress)),
            SurvivalRow(
                "`bpf_clone_redirect`, the clone", .either, .value, "The clone shares the packet's bytes.",
                Route(change: "clone_redirect", reader: .endIngress)),
            SurvivalRow(
                "`bpf_clone_redirect`, the original", .either, .none.since(.newest, .value),
                "The helper gives the original bytes of its own: on 7.3 with its metadata, before without.",
                Route(change: "clone_redirect")),
        ])

    private static let afterGenericRedirect = "Generic redirect does not note the metadata in the packet."

    static let merged = SurvivalSection(
        heading: "Merged by GRO",
        rows: [
            SurvivalRow(
                "The same values on each packet", .native, .value, "Packets merge, and keep the first one's area.",
                Route(markerAt: 0, traffic: .stream(merged: true))),
            SurvivalRow(
                "A value that differs", .native, .value, "Packets whose metadata differs do not merge.",
                Route(markerAt: 41, traffic: .stream(merged: false))),
            SurvivalRow(
                "The same values, then `bpf_skb_pull_data` of all", .native, .valueOrNone.since(.newest, .value),
                "The kernel copies a merged packet to one piece: on 7.3 with its metadata, before without.",
                Route(markerAt: 0, change: "pull_data", traffic: .stream(merged: true))),
            SurvivalRow(
                "The same values, then a TC program that sets a field", .native, .value,
                "As on packets that are not merged.",
                Route(markerAt: 0, change: "set_field", traffic: .stream(merged: true))),
        ])
}

typealias Route = SurvivalRoute
