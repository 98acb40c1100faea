// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// What was seen of a packet at TC ingress.
public struct WatchedPacket: Sendable, Hashable {
    public struct Endpoint: Sendable, Hashable {
        /// Of type `ipv4` or `ipv6`.
        public let address: FieldValue
        /// Of TCP, UDP and SCTP; nil for others and for fragments but the first.
        public let port: UInt16?
    }

    public struct Flow: Sendable, Hashable {
        /// Of IP: 6 is TCP, 17 UDP. Of IPv6, what follows the first header.
        public let `protocol`: UInt8
        public let source: Endpoint
        public let destination: Endpoint
    }

    public struct Field: Sendable, Hashable {
        public let name: FieldName
        public let value: FieldValue
    }

    /// CLOCK_MONOTONIC, ns.
    public let time: UInt64
    public let ifindex: UInt32
    /// When watching began.
    public let interface: String
    /// Bytes, from the link-layer header on; GRO merges packets before.
    public let length: Int
    /// EtherType, behind VLAN tags.
    public let etherType: UInt16
    /// nil if it is neither IPv4 nor IPv6.
    public let flow: Flow?
    /// Those that it carries, in the order of the area.
    public let fields: [Field]
}

/// What a stream tells.
public enum PacketEvent: Sendable, Hashable {
    case packet(WatchedPacket)
    /// So many more packets matched than there was room for: the reader is too slow, or the buffer too small.
    case dropped(UInt64)
}

/// What came of the packets that a stream's programs have seen, on all CPUs.
public struct PacketCounts: Sendable, Hashable {
    public internal(set) var seen: UInt64 = 0
    /// By the filter; the rest was not asked for.
    public internal(set) var matched: UInt64 = 0
    /// Became events; those of a sample that were not chosen did not.
    public internal(set) var written: UInt64 = 0
    /// For lack of room in the buffer.
    public internal(set) var dropped: UInt64 = 0
}
