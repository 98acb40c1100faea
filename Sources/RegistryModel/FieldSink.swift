// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// What the prebuilt consumer does with a field's value at TC.
///
/// A value that does not fit (the bits of a mask, a queue's number, a VLAN tag), or not the packet, is not applied, and
/// counted.
///
/// The last three are what an XDP redirect loses of what the NIC's driver knew (net/core/xdp.c,
/// `__xdp_build_skb_from_frame`).
public enum FieldSink: Hashable, Sendable {
    case none
    /// Into the bits of `skb->mark` that the mask names, from its lowest bit on; the others stay.
    case mark(mask: UInt32)
    /// `skb->priority`
    case priority
    /// `skb->queue_mapping`: 0 to 65,534.
    case queueMapping
    /// `skb->hash`, as of all four of addresses and ports (`bpf_set_hash`, net/core/filter.c).
    case rxHash
    /// `skb->tstamp`, in ns of CLOCK_REALTIME: what SO_TIMESTAMP tells. At TC egress it would be the time to leave, and is
    /// not applied.
    case tstamp
    /// A tag of IEEE 802.1Q, with its priority (TCI), 0 to 65,535: unless the packet has another.
    case vlan

    public static let wholeMark = UInt32.max
}

extension FieldSink {
    /// Those without an argument: name on the command line and number in `struct pktmeta_entry`.
    private static let simple: [(name: String, sink: FieldSink, code: UInt32)] = [
        ("none", .none, PKTMETA_SINK_NONE.rawValue),
        ("priority", .priority, PKTMETA_SINK_PRIORITY.rawValue),
        ("queue-mapping", .queueMapping, PKTMETA_SINK_QUEUE_MAPPING.rawValue),
        ("rx-hash", .rxHash, PKTMETA_SINK_RX_HASH.rawValue),
        ("tstamp", .tstamp, PKTMETA_SINK_TSTAMP.rawValue),
        ("vlan", .vlan, PKTMETA_SINK_VLAN.rawValue),
    ]

    /// How sinks are written, without an argument.
    package static let names = simple.map(\.name) + ["mark"]
    /// How each sink is written, for help and messages.
    public static let spellings = "none, mark[:MASK], priority, queue-mapping, rx-hash, tstamp, vlan"

    /// Reads `mark`, `mark:MASK` or a plain name, for a field of that type.
    ///
    /// - Throws: `usage` if there is no such sink, or it takes no values of the type.
    public init(_ text: String, type: FieldType) throws(PacketMetadataError) {
        self = try doing(.read(.sink, text)) { () throws(PacketMetadataError) in
            let sink = try Self.sink(text)
            if let mismatch = sink.mismatch(with: type) {
                throw PacketMetadataError(FieldRefusal.badSink(sink, mismatch))
            }
            return sink
        }
    }

    private static func sink(_ text: String) throws(PacketMetadataError) -> FieldSink {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts[0] == "mark" { return .mark(mask: parts.count == 2 ? try mask(String(parts[1])) : wholeMark) }
        guard let known = simple.first(where: { $0.name == text }) else {
            throw PacketMetadataError(FieldRefusal.noSuchSink(text))
        }
        return known.sink
    }

    private static func mask(_ text: String) throws(PacketMetadataError) -> UInt32 {
        guard let value = try? FieldValue(text, type: .u32), let number = value.number else {
            throw PacketMetadataError(FieldRefusal.badMask(text))
        }
        return UInt32(number)
    }

    /// A value is shifted as a whole, so the bits that it goes to are adjacent.
    private static func fault(ofMask mask: UInt32) -> Mismatch? {
        if mask == 0 { return .emptyMask }
        let bits = mask >> UInt32(mask.trailingZeroBitCount)
        return bits & (bits &+ 1) == 0 ? nil : .scatteredMask
    }

    /// Why values of this type cannot go there; nil if they can.
    func mismatch(with type: FieldType) -> Mismatch? {
        if case .mark(let mask) = self, let fault = Self.fault(ofMask: mask) { return fault }
        switch self {
        case .none: return nil
        case .tstamp: return type.isInteger && type.size == 8 ? nil : .notTime(type)
        case .mark, .priority, .queueMapping, .rxHash, .vlan:
            return type.isInteger && type.size <= Self.width ? nil : .notInteger(type, most: Self.width)
        }
    }

    /// Bytes of the largest integer that goes to a member of the packet's descriptor, a time apart.
    private static let width = 4

    /// Whether both write to the same place, so that one would undo the other.
    func overlaps(_ other: FieldSink) -> Bool {
        switch (self, other) {
        case (.mark(let mask), .mark(let otherMask)): mask & otherMask != 0
        case (.none, _): false
        default: self == other
        }
    }
}

extension FieldSink: CustomStringConvertible {
    /// As on the command line.
    public var description: String {
        switch self {
        case .mark(Self.wholeMark): "mark"
        case .mark(let mask): "mark:0x" + String(mask, radix: 16)
        default: Self.simple.first { $0.sink == self }?.name ?? ""
        }
    }
}

extension FieldSink {
    /// The number in `struct pktmeta_entry`.
    package var code: UInt32 {
        if case .mark = self { return PKTMETA_SINK_MARK.rawValue }
        return Self.simple.first { $0.sink == self }?.code ?? 0
    }

    /// Of `skb->mark`; 0 for other sinks.
    package var mask: UInt32 {
        if case .mark(let mask) = self { mask } else { 0 }
    }

    /// - Returns: nil if no sink has that code, or it takes no values of the type.
    init?(code: UInt32, mask: UInt32, type: FieldType) {
        if code == PKTMETA_SINK_MARK.rawValue {
            self = .mark(mask: mask)
        } else if let known = Self.simple.first(where: { $0.code == code }) {
            self = known.sink
        } else {
            return nil
        }
        if mismatch(with: type) != nil { return nil }
    }
}
