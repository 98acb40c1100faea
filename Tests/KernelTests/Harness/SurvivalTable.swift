// SPDX-License-Identifier: BSD-2-Clause

import BPF

/// All paths: Survival.md has the same table.
extension SurvivalRow {
    private typealias Route = SurvivalRoute

    /// In the order of Survival.md.
    static let all = passing + redirected + changed + tapped + merged + tunnelled

    private static let passing = [
        SurvivalRow(
            "TC ingress of the same interface", .either, .value, "The usual place for a reader.", Route()),
        SurvivalRow(
            "The same, set by an `xdp.frags` program", .generic, .moved,
            "TC gets the packet without its Ethernet header, and so takes the area to lie 14 bytes further up.",
            Route(frags: true)),
        SurvivalRow(
            "Sent with a VLAN tag, or with two", .either, .value,
            "The kernel moves the area along as it takes the tag out of the packet.",
            Route(change: "vlan_push", changeAt: .nearEgress, amounts: [1, 2])),
        SurvivalRow(
            "Forwarded, TC egress of another interface", .either, .value, "The area stays with the packet.",
            Route(traffic: .forwarded, reader: .outEgress)),
        SurvivalRow(
            "The same, set by an `xdp.frags` program", .generic, .value, "Forwarding finds the Ethernet header again.",
            Route(frags: true, traffic: .forwarded, reader: .outEgress)),
        SurvivalRow(
            "Forwarded, TC ingress in the next network namespace", .either, .value,
            "Namespaces do not clear metadata: a feature, or a leak.",
            Route(traffic: .forwarded, reader: .endIngress)),
        SurvivalRow(
            "The same with GRO there", .either, .value, "As without.",
            Route(endGRO: true, traffic: .forwarded, reader: .endIngress)),
        SurvivalRow(
            "The same with native XDP there that makes no area", .native, .value,
            "The program sees no metadata, yet what there was is still there behind it.",
            Route(endXDP: .native, traffic: .forwarded, reader: .endIngress)),
        SurvivalRow(
            "The same with native XDP there that makes no area", .generic, .gone,
            "veth copies this packet for XDP.",
            Route(endXDP: .native, traffic: .forwarded, reader: .endIngress)),
        SurvivalRow(
            "The same with generic XDP there that makes no area", .either, .value, "As with native XDP.",
            Route(endXDP: .generic, traffic: .forwarded, reader: .endIngress)),
        SurvivalRow(
            "The same with native XDP there that opens", .either, .notSet,
            "XDP on a second interface sees no metadata, so open makes a new area.",
            Route(endXDP: .native, endOpens: true, traffic: .forwarded, reader: .endIngress)),
        SurvivalRow(
            "The same with generic XDP there that opens", .either, .notSet, "As with native XDP.",
            Route(endXDP: .generic, endOpens: true, traffic: .forwarded, reader: .endIngress)),
        SurvivalRow(
            "TC ingress where no XDP program is", .none, .gone, "TC can't make an area.", Route(stamp: nil)),
        SurvivalRow(
            "Sent by the host itself, TC egress", .none, .gone, "No XDP program has seen the packet.",
            Route(stamp: nil, reader: .nearEgress)),
    ]

    private static let redirected = [
        SurvivalRow(
            "devmap redirect to a veth whose peer has native XDP", .native, .value,
            "The frame takes its metadata along.", Route(stamp: .toDevice, endXDP: .native, reader: .endIngress)),
        SurvivalRow(
            "devmap redirect to a veth whose peer has GRO", .native, .value, "The frame takes its metadata along.",
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
            "devmap redirect to a veth whose peer has native XDP", .generic, .gone, afterGenericRedirect,
            Route(stamp: .toDevice, endXDP: .native, reader: .endIngress)),
        SurvivalRow(
            "devmap redirect to a veth whose peer has GRO", .generic, .gone, afterGenericRedirect,
            Route(stamp: .toDevice, endGRO: true, reader: .endIngress)),
        SurvivalRow(
            "devmap redirect to a veth whose peer has neither", .generic, .gone, afterGenericRedirect,
            Route(stamp: .toDevice, reader: .endIngress)),
        SurvivalRow(
            "cpumap redirect", .native, .value, "The frame takes its metadata along.", Route(stamp: .toCPU)),
        SurvivalRow(
            "cpumap redirect", .generic, .gone, afterGenericRedirect, Route(stamp: .toCPU)),
        SurvivalRow(
            "`bpf_redirect`, TC egress of the target", .either, .value, "The area stays with the packet.",
            Route(change: "redirect", reader: .outEgress)),
        SurvivalRow(
            "`bpf_redirect`, TC ingress of the target's peer", .either, .value, "The area stays with the packet.",
            Route(change: "redirect", reader: .endIngress)),
        SurvivalRow(
            "`bpf_redirect_peer`, TC ingress of the peer", .either, .value, "The area stays with the packet.",
            Route(change: "redirect_peer", reader: .endIngress)),
        SurvivalRow(
            "`bpf_clone_redirect`, the clone", .either, .value, "The clone shares the packet's bytes.",
            Route(change: "clone_redirect", reader: .endIngress)),
        SurvivalRow(
            "`bpf_clone_redirect`, the original", .either, .gone,
            "The helper gives the original bytes of its own, without metadata.",
            Route(change: "clone_redirect")),
    ]

    private static let afterGenericRedirect = "Generic redirect does not note the metadata in the packet."

    private static let changed = [
        SurvivalRow(
            "`bpf_skb_vlan_push`, one tag", .either, .value, "The tag is kept beside the packet.",
            Route(change: "vlan_push", amounts: [1])),
        SurvivalRow(
            "`bpf_skb_vlan_push`, two tags", .either, .moved, "The second moves the first into the packet.",
            Route(change: "vlan_push", amounts: [2])),
        SurvivalRow(
            "`bpf_skb_change_head`", .either, .moved, "The packet begins earlier, the area does not move.",
            Route(change: "change_head", amounts: [4, 8, 14, 16, 32, 64, 128, 192, 256])),
        SurvivalRow(
            "`bpf_skb_adjust_room`, `BPF_ADJ_ROOM_MAC`", .either, .moved,
            "The packet begins elsewhere, the area does not move.",
            Route(change: "adjust_room_mac", amounts: [-16, -8, 4, 8, 16, 50, 64, 128])),
        SurvivalRow(
            "`bpf_skb_adjust_room`, `BPF_ADJ_ROOM_NET`", .either, .moved,
            "The packet begins elsewhere, the area does not move.",
            Route(change: "adjust_room_net", amounts: [-16, -8, 4, 8, 16, 50, 64, 128])),
        SurvivalRow(
            "`bpf_skb_change_proto`", .either, .moved, "The packet begins earlier, the area does not move.",
            Route(change: "change_proto")),
        SurvivalRow(
            "`bpf_skb_change_tail`, shorter or a little longer", .either, .value, "The packet's start stays.",
            Route(markerAt: 50, change: "change_tail", amounts: [-16, 0, 8, 16])),
        SurvivalRow(
            "`bpf_skb_change_tail`, longer than there is room", .either, .valueOrGone,
            "The kernel copies the packet, without metadata.",
            Route(markerAt: 50, change: "change_tail", amounts: [64, 256, 600, 1200])),
        SurvivalRow(
            "`bpf_skb_pull_data`", .either, .value, "Nothing moves.", Route(change: "pull_data")),
        SurvivalRow(
            "`bpf_skb_store_bytes`", .either, .value, "Nothing moves.", Route(change: "store_bytes")),
        SurvivalRow(
            "A TC program that writes to the packet", .either, .value, "Nothing moves.",
            Route(change: "write_packet")),
        SurvivalRow(
            "A TC program that sets a field", .either, .value, "Nothing moves.", Route(change: "set_field")),
    ]

    private static let tapped = [
        SurvivalRow(
            "A tap (tcpdump), and TC programs that only read", .either, .value, "The tap shares the packet's bytes.",
            Route(tap: true)),
        SurvivalRow(
            "A tap, and a TC program that writes to the packet", .either, .gone, afterTap,
            Route(change: "write_packet", tap: true)),
        SurvivalRow(
            "A tap, and a TC program that sets a field", .either, .value,
            "The set is refused with `-EBUSY`; before Linux 6.18 the area is gone.",
            Route(change: "set_field", changeFails: true, tap: true)),
        SurvivalRow(
            "A tap, and `bpf_skb_pull_data`", .either, .gone, afterTap, Route(change: "pull_data", tap: true)),
        SurvivalRow(
            "A tap, and `bpf_skb_store_bytes`", .either, .gone, afterTap, Route(change: "store_bytes", tap: true)),
        SurvivalRow(
            "A tap, and `bpf_skb_vlan_push`, one tag", .either, .value, "The tag is kept beside the packet.",
            Route(change: "vlan_push", amounts: [1], tap: true)),
        SurvivalRow(
            "A tap, and `bpf_skb_vlan_push`, two tags", .either, .gone, afterTap,
            Route(change: "vlan_push", amounts: [2], tap: true)),
    ]

    private static let afterTap = "Whoever writes to shared bytes gets a copy, without metadata."

    private static let merged = [
        SurvivalRow(
            "GRO, the same values on each packet", .native, .value, "Packets merge, and keep the first one's area.",
            Route(markerAt: 0, traffic: .stream(merged: true))),
        SurvivalRow(
            "GRO, a value that differs", .native, .value, "Packets whose metadata differs do not merge.",
            Route(markerAt: 41, traffic: .stream(merged: false))),
    ]

    private static let tunnelled = [
        SurvivalRow(
            "Out of a VXLAN tunnel, TC ingress of its device", .either, .moved,
            "The packet begins behind the outer headers, the area stays in front of them.",
            Route(traffic: .tunnelled, reader: .tunnelIngress)),
        SurvivalRow(
            "The same, then by a bridge, TC ingress in the next network namespace", .either, .moved,
            "The area stays where the outer headers began.", Route(traffic: .bridged, reader: .endIngress)),
        SurvivalRow(
            "Into a VXLAN tunnel, TC egress of the interface below", .either, .moved,
            "The packet begins with the outer headers, the area does not move.",
            Route(traffic: .intoTunnel, reader: .outEgress)),
        SurvivalRow(
            "Forwarded to a device without Ethernet header (tun), TC egress", .either, .moved,
            "The packet begins with its IP header, and so TC takes the area to lie 14 bytes further up.",
            Route(traffic: .toTun, reader: .tunEgress)),
    ]
}
