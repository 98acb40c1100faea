// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// What an application asks for when it registers a field.
public struct FieldDefinition: Hashable, Sendable {
    public let name: FieldName
    public let type: FieldType
    public let source: FieldSource
    public let sink: FieldSink
    /// The producer sets the field on one packet in that many of each CPU: values that differ from packet to packet
    /// defeat GRO.
    public let sample: Int
    /// Who registered it: free text of at most 31 bytes, may be empty.
    public let owner: String
    /// Whether the scrub programs take it off, where a namespace begins.
    public let isPrivate: Bool
    /// Whether applications may get it by their sockets.
    public let isForSockets: Bool

    /// - Throws: `usage` if the source has no values of the type, the sink takes none, or the owner is too long.
    public init(
        name: FieldName, type: FieldType, source: FieldSource = .none, sink: FieldSink = .none, sample: Int = 1,
        owner: String = "", isPrivate: Bool = false, isForSockets: Bool = true
    ) throws(PacketMetadataError) {
        try doing(.registerField(name)) { () throws(PacketMetadataError) in
            if let fault = type.fault ?? Self.mismatch(type, source, sink) ?? Self.mismatch(name, type, source)
                ?? Self.fault(ofSample: sample, source) ?? Self.fault(ofOwner: owner)
            {
                throw PacketMetadataError(fault)
            }
        }
        self.name = name
        self.type = type
        self.source = source
        self.sink = sink
        self.sample = sample
        self.owner = owner
        self.isPrivate = isPrivate
        self.isForSockets = isForSockets
    }

    private static func mismatch(_ type: FieldType, _ source: FieldSource, _ sink: FieldSink) -> FieldRefusal? {
        if let mismatch = source.mismatch(with: type) { return .sourceMismatch(source, mismatch) }
        if sink == .tstamp, source == .ktime { return .otherClock(source, sink) }
        return sink.mismatch(with: type).map { .sinkMismatch(sink, $0) }
    }

    private static func fault(ofSample sample: Int, _ source: FieldSource) -> FieldRefusal? {
        guard 1...Int(UInt32.max) ~= sample else { return .badSample(sample) }
        return sample > 1 && source == .none ? .sampleWithoutSource : nil
    }

    private static func fault(ofOwner owner: String) -> FieldRefusal? {
        let isOwner = owner.utf8.count <= maximumOwnerLength && owner.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        return isOwner ? nil : .badOwner(owner)
    }

    /// - Throws: `usage` if nobody can be told by that text.
    package static func checkOwner(_ owner: String) throws(PacketMetadataError) {
        if let fault = fault(ofOwner: owner) { throw PacketMetadataError(fault) }
    }

    /// Bytes.
    package static let maximumOwnerLength = Int(PKTMETA_NAME_SIZE) - 1
}

extension FieldDefinition {
    /// Whether both ask for the same field. Who registers it is no part of that: several applications may each see to it
    /// that a field is there which they share.
    package func isSameField(as other: FieldDefinition) -> Bool {
        (name, type, source, sink, sample) == (other.name, other.type, other.source, other.sink, other.sample)
            && (isPrivate, isForSockets) == (other.isPrivate, other.isForSockets)
    }

    /// The number in `struct pktmeta_entry` and in a step, where 0 costs nothing as a packet passes.
    package var flags: UInt32 {
        (isPrivate ? UInt32(PKTMETA_FIELD_PRIVATE) : 0) | (isForSockets ? 0 : UInt32(PKTMETA_FIELD_NO_SOCKETS))
    }

    package var sampleCode: UInt32 { sample == 1 ? 0 : UInt32(sample) }

    /// As on the command line, and how often: `ktime, 1 in 10`.
    public var sourceDescription: String {
        source.description(type: type) + (sample == 1 ? "" : ", 1 in \(sample)")
    }
}

/// A field that the registry holds.
public struct RegisteredField: Hashable, Sendable {
    public let slot: Int
    public let layout: LayoutWord
    public let definition: FieldDefinition
    /// CLOCK_REALTIME, ns.
    public let registeredAt: UInt64
    /// What had been counted of the slot when the field was registered, or its state began anew.
    let baseline: FieldCounters
    /// With which of the registry's resets the slot's state last began anew.
    let began: UInt32

    init(
        slot: Int, layout: LayoutWord, definition: FieldDefinition, registeredAt: UInt64,
        baseline: FieldCounters = .zero, began: UInt32 = 0
    ) {
        self.slot = slot
        self.layout = layout
        self.definition = definition
        self.registeredAt = registeredAt
        self.baseline = baseline
        self.began = began
    }

    /// Whether what is counted of both is counted from the same moment on, if they are one field at two times.
    package func isCounted(like earlier: RegisteredField) -> Bool {
        (baseline, began) == (earlier.baseline, earlier.began)
    }

    public var id: FieldID { FieldID(slot: slot, epoch: layout.epoch) }
    public var name: FieldName { definition.name }
    public var type: FieldType { definition.type }
}
