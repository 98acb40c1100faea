// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// Where the prebuilt producer takes a field's value from.
public enum FieldSource: Hashable, Sendable {
    /// Applications set it.
    case none
    /// The same value on each packet, as it lies in the packet; empty for a flag.
    case constant([UInt8])
    /// Of the interface that received the packet.
    case ifindex
    case rxQueue
    /// Bytes from the link-layer header on, with all fragments.
    case packetLength
    /// 32 bits over addresses, protocol and ports.
    case flowHash
    /// A number that no other packet of this registry has.
    case sequence
    /// CLOCK_MONOTONIC at the producer, ns.
    case ktime
    /// Bytes of the packet, from this offset behind the start of its link-layer header.
    case payload(offset: Int)
    /// What the driver knows of the packet: of the well-known fields.
    case rxTimestamp, rxHash, rxVLAN

    /// Direct packet access of the verifier ends at 65,535 bytes (`MAX_PACKET_OFF` in kernel/bpf/verifier.c).
    public static let maximumPayloadOffset = 65_535 - FieldType.maximumSize
}

extension FieldSource {
    /// Those without an argument: name on the command line and number in `struct pktmeta_entry`.
    private static let simple: [(name: String, source: FieldSource, code: UInt32)] = [
        ("none", .none, PKTMETA_SOURCE_NONE.rawValue),
        ("ifindex", .ifindex, PKTMETA_SOURCE_IFINDEX.rawValue),
        ("rx-queue", .rxQueue, PKTMETA_SOURCE_RX_QUEUE.rawValue),
        ("packet-length", .packetLength, PKTMETA_SOURCE_PACKET_LENGTH.rawValue),
        ("flow-hash", .flowHash, PKTMETA_SOURCE_FLOW_HASH.rawValue),
        ("sequence", .sequence, PKTMETA_SOURCE_SEQUENCE.rawValue),
        ("ktime", .ktime, PKTMETA_SOURCE_KTIME.rawValue),
        ("rx-timestamp", .rxTimestamp, PKTMETA_SOURCE_RX_TIMESTAMP.rawValue),
        ("rx-hash", .rxHash, PKTMETA_SOURCE_RX_HASH.rawValue),
        ("rx-vlan", .rxVLAN, PKTMETA_SOURCE_RX_VLAN.rawValue),
    ]

    /// How sources are written, without their arguments.
    package static let names = simple.map(\.name) + ["constant", "payload"]
    /// How each source is written, for help and messages.
    public static let spellings =
        (["none", "constant:VALUE"] + simple.dropFirst().map(\.name) + ["payload:OFFSET"]).joined(separator: ", ")

    /// Reads `constant:VALUE`, `constant` (of a flag), `payload:OFFSET` or a plain name, for a field of that type.
    ///
    /// - Throws: `usage` if there is no such source, or it has no values of the type.
    public init(_ text: String, type: FieldType) throws(PacketMetadataError) {
        self = try doing(.read(.source, text)) { () throws(PacketMetadataError) in
            let source = try Self.source(text, type)
            if let mismatch = source.mismatch(with: type) {
                throw PacketMetadataError(FieldRefusal.sourceMismatch(source, mismatch))
            }
            return source
        }
    }

    private static func source(_ text: String, _ type: FieldType) throws(PacketMetadataError) -> FieldSource {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let kind = String(parts[0])
        let argument = parts.count == 2 ? String(parts[1]) : nil
        switch (kind, argument) {
        case ("constant", _) where (argument == nil) == (type == .flag):
            return .constant(try FieldValue(argument ?? "", type: type).bytes)
        case ("constant", nil), ("payload", nil):
            throw PacketMetadataError(FieldRefusal.sourceNeedsArgument(kind))
        case ("constant", _): throw PacketMetadataError(FieldRefusal.flagHasNoConstant(kind))
        case ("payload", let offset?): return .payload(offset: try payloadOffset(offset))
        default:
            guard let known = simple.first(where: { $0.name == text }) else {
                throw PacketMetadataError(FieldRefusal.noSuchSource(kind))
            }
            return known.source
        }
    }

    /// As on the command line; a constant as its value, which takes the type.
    public func description(type: FieldType) -> String {
        switch self {
        case .constant(let bytes):
            type == .flag ? "constant" : "constant:\(FieldValue(type: type, bytes: bytes))"
        case .payload(let offset):
            "payload:\(offset)"
        default:
            name
        }
    }

    /// Whether the driver fills it, where it can.
    package var isOfDriver: Bool { [.rxTimestamp, .rxHash, .rxVLAN].contains(self) }

    /// As on the command line, of a source without an argument.
    package var name: String { Self.simple.first { $0.source == self }?.name ?? "" }

    private static func payloadOffset(_ text: String) throws(PacketMetadataError) -> Int {
        guard let offset = decimal(text), 0...maximumPayloadOffset ~= offset else {
            throw PacketMetadataError(FieldRefusal.badPayloadOffset(text))
        }
        return offset
    }

    /// Why values of this source don't fit the type; nil if they do. Nothing is ever cut off silently.
    func mismatch(with type: FieldType) -> Mismatch? {
        switch self {
        case .none, .rxTimestamp, .rxHash, .rxVLAN: return nil  // the well-known fields' definitions tell
        case .constant(let bytes): return bytes.count == type.size ? nil : .constant(type)
        case .payload(let offset):
            if type == .flag { return .flag }
            return 0...Self.maximumPayloadOffset ~= offset ? nil : .offset(offset)
        case .rxQueue: return Self.fault(type, needs: 2)
        case .ifindex, .packetLength, .flowHash, .sequence: return Self.fault(type, needs: 4)
        case .ktime: return Self.fault(type, needs: 8)
        }
    }

    private static func fault(_ type: FieldType, needs bytes: Int) -> Mismatch? {
        type.isInteger && type.size >= bytes ? nil : .notInteger(type, least: bytes)
    }
}

extension FieldSource {
    /// The number in `struct pktmeta_entry`.
    package var code: UInt32 {
        switch self {
        case .constant: PKTMETA_SOURCE_CONSTANT.rawValue
        case .payload: PKTMETA_SOURCE_PAYLOAD.rawValue
        default: Self.simple.first { $0.source == self }?.code ?? 0
        }
    }

    /// - Returns: nil if no source has that code, or it has no values of the type.
    init?(code: UInt32, offset: Int, constant: [UInt8], type: FieldType) {
        if let known = Self.simple.first(where: { $0.code == code }) {
            self = known.source
        } else if code == PKTMETA_SOURCE_CONSTANT.rawValue {
            self = .constant(constant)
        } else if code == PKTMETA_SOURCE_PAYLOAD.rawValue {
            self = .payload(offset: offset)
        } else {
            return nil
        }
        if mismatch(with: type) != nil { return nil }
    }
}
