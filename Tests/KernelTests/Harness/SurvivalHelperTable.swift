// SPDX-License-Identifier: BSD-2-Clause

import BPF
import TestSupport

/// What TC programs in front of the reader do.
extension SurvivalSection {
    private static let moved = "The packet begins elsewhere. On 7.3 the kernel moves the area along."

    static let helpers = SurvivalSection(
        heading: "After a helper of a TC program",
        rows: [
            SurvivalRow(
                "`bpf_skb_vlan_push`, one tag", .either, .value, "The tag is kept beside the packet.",
                Route(change: "vlan_push", amounts: [1])),
            SurvivalRow(
                "`bpf_skb_vlan_push`, two tags", .either, .displaced.since(.newest, .value),
                "The second moves the first into the packet. On 7.3 the kernel moves the area along.",
                Route(change: "vlan_push", amounts: [2])),
            SurvivalRow(
                "`bpf_skb_change_head`", .either, .displaced.since(.newest, .value), moved,
                Route(change: "change_head", amounts: [4, 14, 64, 256])),
            SurvivalRow(
                "`bpf_skb_adjust_room`, `BPF_ADJ_ROOM_MAC`", .either, .displaced.since(.newest, .value), moved,
                Route(change: "adjust_room_mac", amounts: [-16, -8, 4, 50, 128])),
            SurvivalRow(
                "`bpf_skb_adjust_room`, `BPF_ADJ_ROOM_NET`", .either, .displaced.since(.newest, .value), moved,
                Route(change: "adjust_room_net", amounts: [-16, -8, 4, 50, 128])),
            SurvivalRow(
                "`bpf_skb_change_proto`", .either, .displaced.since(.newest, .value), moved,
                Route(change: "change_proto")),
            SurvivalRow(
                "`bpf_skb_change_tail`, shorter or a little longer", .either, .value, "The packet's start stays.",
                Route(markerAt: 50, change: "change_tail", amounts: [-16, 0, 8, 16])),
            SurvivalRow(
                "`bpf_skb_pull_data`", .either, .value, "Nothing moves.", Route(change: "pull_data")),
            SurvivalRow(
                "`bpf_skb_store_bytes`", .either, .value, "Nothing moves.", Route(change: "store_bytes")),
            SurvivalRow(
                "A TC program that writes to the packet", .either, .value, "Nothing moves.",
                Route(change: "write_packet")),
            SurvivalRow(
                "A TC program that sets a field", .either, .value, "Nothing moves.", Route(change: "set_field")),
        ])

    static let movedBack = SurvivalSection(
        heading: "After a helper and its reverse",
        rows: [
            SurvivalRow(
                "`bpf_skb_adjust_room` by 2 bytes and by -2", .either, .value, fits,
                Route(change: "adjust_room_and_back", amounts: [2])),
            SurvivalRow(
                "`bpf_skb_adjust_room` by 4 bytes or more, and by as many less", .either,
                .displaced.since(.newest, .value), overwritten,
                Route(change: "adjust_room_and_back", amounts: [4, 8, 50, 64])),
            SurvivalRow(
                "`bpf_skb_change_proto` to IPv6 and back", .either, .displaced.since(.newest, .value), overwritten,
                Route(change: "change_proto_and_back")),
            SurvivalRow(
                "`bpf_skb_vlan_push` of two tags, and `bpf_skb_vlan_pop` of both", .either,
                .displaced.since(.newest, .value), overwritten, Route(change: "vlan_push_and_pop")),
        ])

    private static let fits = "What is put there fits the area's last 2 bytes, which nobody uses."
    private static let overwritten =
        "The area is where it was, but a header lay on its stamp. On 7.3 the area moved along, there and back."

    static let outOfRoom = SurvivalSection(
        heading: "After a helper that needs more room than there is",
        rows: [
            SurvivalRow(
                "`bpf_skb_change_head`, more than there is room", .either, .none.since(.newest, .value), copied,
                Route(change: "change_head", amounts: [300, 1000])),
            SurvivalRow(
                "`bpf_skb_adjust_room`, more than there is room", .either, .none.since(.newest, .value), copied,
                Route(change: "adjust_room_mac", amounts: [300, 1000])),
            SurvivalRow(
                "`bpf_skb_change_tail`, longer", .either, .valueOrNone.since(.newest, .value),
                "Room behind a packet differs; where it is too little, the kernel copies the packet: on 7.3 with its metadata, before without.",
                Route(markerAt: 50, change: "change_tail", amounts: [64, 256, 600, 1200])),
        ])

    private static let copied = "The kernel copies the packet: on 7.3 with its metadata, before without."

    static let oldCursors = SurvivalSection(
        heading: "With a cursor that was opened before the helper",
        rows: helpersThatMove.flatMap { helper, name in
            [
                getAfter(helper, name),
                SurvivalRow(
                    "\(name), then set", .either, .notLoaded.since(.linux618, .displaced).since(.newest, .value),
                    "On 6.18 the program is loaded, and set returns `-EFAULT`; on 7.3 it sets the field.",
                    Route(change: "set_after_\(helper)", usesOldCursor: true, changeFails: [.linux618])),
            ]
        }
            + [("change_tail", "`bpf_skb_change_tail`"), ("pull_data", "`bpf_skb_pull_data`")].flatMap { helper, name in
                [
                    getAfter(helper, name),
                    SurvivalRow(
                        "\(name), then set", .either, .notLoaded.since(.linux618, .value),
                        "From 6.18 on the program is loaded, and sets the field.",
                        Route(change: "set_after_\(helper)", usesOldCursor: true)),
                ]
            })

    private static let helpersThatMove = [
        ("change_head", "`bpf_skb_change_head`"), ("adjust_room", "`bpf_skb_adjust_room`"),
        ("change_proto", "`bpf_skb_change_proto`"), ("vlan_push", "`bpf_skb_vlan_push`"),
    ]

    private static func getAfter(_ helper: String, _ name: String) -> SurvivalRow {
        SurvivalRow(
            "\(name), then get", .either, .notLoaded, "The verifier knows that the cursor's packet pointers are old.",
            Route(change: "get_after_\(helper)", usesOldCursor: true))
    }

    static let tapped = SurvivalSection(
        heading: "Beside a tap that shares packets",
        rows: [
            SurvivalRow(
                "TC programs that only read", .either, .value, "The tap shares the packet's bytes.", Route(tap: true)),
            SurvivalRow(
                "A TC program that writes to the packet", .either, .none.since(.newest, .value), afterTap,
                Route(change: "write_packet", tap: true)),
            SurvivalRow(
                "A TC program that sets a field", .either, .none.since(.linux618, .value),
                "Before 6.18 whoever sets gets a copy, without metadata. On 6.18 set returns `-EBUSY`; on 7.3 it sets the field.",
                Route(change: "set_field", changeFails: [.linux510, .linux61, .linux612, .linux618], tap: true)),
            SurvivalRow(
                "`bpf_skb_pull_data`", .either, .none.since(.newest, .value), afterTap,
                Route(change: "pull_data", tap: true)),
            SurvivalRow(
                "`bpf_skb_store_bytes`", .either, .none.since(.newest, .value), afterTap,
                Route(change: "store_bytes", tap: true)),
            SurvivalRow(
                "`bpf_skb_vlan_push`, one tag", .either, .value, "The tag is kept beside the packet.",
                Route(change: "vlan_push", amounts: [1], tap: true)),
            SurvivalRow(
                "`bpf_skb_vlan_push`, two tags", .either, .none.since(.newest, .value), afterTap,
                Route(change: "vlan_push", amounts: [2], tap: true)),
            SurvivalRow(
                "`bpf_skb_change_head`", .either, .none.since(.newest, .value), afterTap,
                Route(change: "change_head", amounts: [4, 64], tap: true)),
            SurvivalRow(
                "`bpf_skb_adjust_room`", .either, .none.since(.newest, .value), afterTap,
                Route(change: "adjust_room_mac", amounts: [-8, 8, 64], tap: true)),
            SurvivalRow(
                "`bpf_skb_change_proto`", .either, .none.since(.newest, .value), afterTap,
                Route(change: "change_proto", tap: true)),
            SurvivalRow(
                "`bpf_skb_change_tail`", .either, .none.since(.newest, .value), afterTap,
                Route(markerAt: 50, change: "change_tail", amounts: [-16, 0, 16], tap: true)),
            SurvivalRow(
                "`bpf_clone_redirect`, the clone", .either, .value, "The clone shares the packet's bytes.",
                Route(change: "clone_redirect", tap: true, reader: .endIngress)),
            SurvivalRow(
                "Forwarded, TC egress of another interface", .either, .none.since(.newest, .value),
                "To forward is to write, and so to get a copy: on 7.3 with its metadata, before without.",
                Route(tap: true, traffic: .toEnd, reader: .outEgress)),
        ])

    private static let afterTap =
        "Whoever writes to shared bytes gets a copy: on 7.3 with its metadata, before without."
}
