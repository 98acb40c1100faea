// SPDX-License-Identifier: BSD-2-Clause

/// A packet at a station.
public struct TracedPacket: Sendable, Hashable {
    /// An interface, as the kernel has it there.
    public struct Interface: Sendable, Hashable {
        public let name: String
        public let index: UInt32
        public let namespace: Namespace
    }

    /// A network namespace, as seen from this process.
    public enum Namespace: Sendable, Hashable {
        /// This thread's.
        case here
        /// By its name under /run/netns.
        case named(String)
        /// By its inode number (namespaces(7)).
        case inode(UInt32)
    }

    /// A process that reads a packet.
    public struct Reader: Sendable, Hashable {
        public let process: UInt32
        /// comm(5): at most 15 bytes.
        public let command: String
    }

    /// Why a packet was dropped.
    public struct Drop: Sendable, Hashable {
        /// As `enum skb_drop_reason` of the kernel has it, without what all begin with: `NO_SOCKET`. Of a subsystem's own reasons
        /// their number, as `0x30001`. nil before Linux 5.17.
        public let reason: String?
        /// Where, as the kernel writes it: `udp_rcv+0x2b`. nil if this process may not know (kernel.kptr_restrict).
        public let function: String?
    }

    /// A hook of netfilter (linux/netfilter.h).
    public struct NetfilterHook: Sendable, Hashable {
        /// NFPROTO_*: 2 is IPv4, 10 IPv6.
        public let family: UInt8
        /// From 0 on: prerouting, input, forward, output, postrouting.
        public let number: UInt8
    }

    /// From 1 on, in the order in which packets were seen first, copies among them.
    public let number: Int
    /// Number of the packet with which this one, which is seen for the first time, shares its memory, also if that one has
    /// ended; nil if it does with none.
    public let copyOf: Int?
    /// Whether the packet is seen for the first time.
    public let isFirst: Bool
    /// Whether it is certain that it is the packet that had this number before: the kernel may have given its address to
    /// another one meanwhile.
    public let isSure: Bool
    /// CLOCK_MONOTONIC, ns.
    public let time: UInt64
    /// ns since it was seen first.
    public let age: UInt64
    public let station: TraceStation
    /// nil where the kernel does not tell it.
    public let interface: Interface?
    /// Bytes, from where the packet begins for the layer that has it there.
    public let length: Int
    /// EtherType, behind VLAN tags; 0 if it is not known there.
    public let etherType: UInt16
    /// nil if it is neither IPv4 nor IPv6, or not known there.
    public let flow: WatchedPacket.Flow?
    /// Whether ``flow`` is another than where it was known before, as behind a tunnel or NAT; also of a packet that is new. Of
    /// what has no flow: whether ``etherType`` is.
    public let isOtherFlow: Bool
    /// What it carries there, in the order of the area; nil if it has no area there.
    public let fields: [WatchedPacket.Field]?
    /// Those of ``fields`` that it did not carry, or not so, where it was seen before.
    public let news: [WatchedPacket.Field]
    /// Where it is read only.
    public let reader: Reader?
    /// Where it is dropped only.
    public let drop: Drop?
    /// At a hook of netfilter only.
    public let hook: NetfilterHook?
    /// Whether it had an area where it was seen before, and has none here.
    public let hasLostArea: Bool
}

/// What a trace tells.
public enum TraceEvent: Sendable, Hashable {
    case packet(TracedPacket)
    /// So many events more were lost for lack of room in the buffer or for packets: of packets seen before, stations may be missing.
    case dropped(UInt64)
}
