// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// A place in the kernel at which a packet is seen.
public struct TraceStation: Sendable, Hashable {
    /// What in the kernel tells of it.
    public enum Source: Sendable, Hashable {
        case tracepoint(String)
        /// The beginning of a function.
        case function(String)
    }

    /// What users know it by: of a function, its name.
    public let name: String
    public let source: Source
    /// As the tracer's events have it.
    let code: UInt8
    /// Of a function, what the tracer is attached to it with.
    let cookie: UInt64
    /// Whether an application reads the packet there.
    private let isRead: Bool

    private init(_ name: String, tracepoint: String, _ code: pktmeta_station) {
        self.name = name
        source = .tracepoint(tracepoint)
        self.code = UInt8(code.rawValue)
        cookie = 0
        isRead = code == PKTMETA_STATION_READ
    }

    private init(_ function: Function, number: Int) {
        name = function.name
        source = .function(function.name)
        code = UInt8(Int(PKTMETA_STATION_FUNCTION.rawValue) + number)
        cookie =
            UInt64(code) | UInt64(function.argument) << 8
            | UInt64(function.hasDevice ? PKTMETA_FUNCTION_DEVICE : 0)
            | UInt64(function.isHook ? PKTMETA_FUNCTION_HOOK : 0)
            | UInt64(function.isRead ? PKTMETA_FUNCTION_READ : 0)
        isRead = function.isRead
    }

    /// Those that each kernel has, in the order in which packets come by (include/trace/events/net.h, skb.h).
    static let tracepoints = [
        TraceStation("gro", tracepoint: "napi_gro_receive_entry", PKTMETA_STATION_GRO),
        TraceStation("backlog", tracepoint: "netif_rx", PKTMETA_STATION_BACKLOG),
        TraceStation("receive", tracepoint: "netif_receive_skb", PKTMETA_STATION_RECEIVE),
        TraceStation("queue", tracepoint: "net_dev_queue", PKTMETA_STATION_QUEUE),
        TraceStation("transmit", tracepoint: "net_dev_start_xmit", PKTMETA_STATION_TRANSMIT),
        TraceStation("read", tracepoint: "skb_copy_datagram_iovec", PKTMETA_STATION_READ),
        TraceStation("freed", tracepoint: "consume_skb", PKTMETA_STATION_FREED),
        TraceStation("dropped", tracepoint: "kfree_skb", PKTMETA_STATION_DROPPED),
    ]

    /// Those that take a kernel with kprobe.multi, and are left out one by one where the kernel has not got them.
    static let functions = Function.all.enumerated().map { TraceStation($1, number: $0) }

    static let all = tracepoints + functions
    static let byCode = Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })

    /// Whether a packet ends there, or may: one that an application has read is freed without a word.
    public var isEnd: Bool { isRead || isCertainEnd }

    /// Whether the kernel says that a packet ends there.
    var isCertainEnd: Bool { code == PKTMETA_STATION_FREED.rawValue || code == PKTMETA_STATION_DROPPED.rawValue }
}

extension TraceStation {
    /// A function of the kernel that gets a packet.
    fileprivate struct Function {
        let name: String
        /// Which of its arguments the packet is, from 0 on.
        let argument: Int
        /// Whether `skb->dev` is the packet's interface there: sockets put other things in its place.
        var hasDevice = true
        /// Whether the argument behind it is a `struct nf_hook_state *`.
        var isHook = false
        /// Whether an application has read the packet.
        var isRead = false

        /// net/ipv4, net/ipv6, net/core, net/netfilter, net/bridge of Linux 5.18 to 7.3.
        static let all = [
            Function(name: "br_handle_frame_finish", argument: 2),
            Function(name: "ip_rcv", argument: 0),
            Function(name: "ipv6_rcv", argument: 0),
            Function(name: "nf_hook_slow", argument: 0, isHook: true),
            Function(name: "ip_local_deliver", argument: 0),
            Function(name: "ip6_input", argument: 0),
            Function(name: "ip_forward", argument: 0),
            Function(name: "ip6_forward", argument: 0),
            Function(name: "icmp_rcv", argument: 0),
            Function(name: "icmpv6_rcv", argument: 0),
            Function(name: "udp_rcv", argument: 0),
            Function(name: "udpv6_rcv", argument: 0),
            Function(name: "vxlan_rcv", argument: 1),
            Function(name: "__udp_enqueue_schedule_skb", argument: 1),
            // Reading a datagram that is in one piece passes no tracepoint.
            Function(name: "skb_consume_udp", argument: 1, hasDevice: false, isRead: true),
            Function(name: "tcp_v4_rcv", argument: 0),
            Function(name: "tcp_v6_rcv", argument: 0),
            Function(name: "tcp_rcv_established", argument: 1, hasDevice: false),
            Function(name: "sk_filter_trim_cap", argument: 1, hasDevice: false),
            Function(name: "ip_output", argument: 2),
            Function(name: "ip6_output", argument: 2),
            Function(name: "__dev_queue_xmit", argument: 0),
        ]
    }
}
