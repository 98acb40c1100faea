// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI
internal import RegistryModel

extension RegistryImage {
    /// The frozen table of the prebuilt programs, `struct pktmeta_table`: fields with a source first.
    func table() throws(BPFError) -> [UInt8] {
        try table(
            fields.filter { $0.definition.source != .none } + fields.filter { $0.definition.source == .none })
    }

    /// The same with these fields only, in this order.
    func table(_ ordered: [RegisteredField]) throws(BPFError) -> [UInt8] {
        var head = pktmeta_table()
        let places = places(of: ordered)
        head.revision = places == nil ? 0 : revision
        head.oldest = places?.oldest ?? 0
        head.span = places?.span ?? 0
        head.capacity = UInt32(word.capacity)
        head.asked = bits(of: ordered)
        head.always = bits(of: ordered.filter { $0.definition.isAlwaysSet })
        head.sources = ordered.reduce(0) { $0 | 1 << $1.definition.source.code }
        head.samples = ordered.contains { $0.definition.sample > 1 } ? 1 : 0
        head.no_fragments = kernelTakesFragments ? 0 : 1
        head.sinks = ordered.contains { $0.definition.sink != .none } ? 1 : 0
        head.statistics = statistics.interval
        head.fine_clock = kernelHasCoarseClock ? 0 : 1
        head.numbers = bits(of: ordered.filter { $0.type.isInteger })
        head.cpus = UInt32(try possibleCPUs())
        var steps = ordered.map { encode(pktmeta_step($0)) }
        let blank = encode(pktmeta_step())
        while steps.count < RegistryImage.fieldSlots.count { steps.append(blank) }
        var placesBySlot = [UInt16](repeating: 0, count: RegistryImage.slotCount)
        for field in ordered { placesBySlot[field.slot] = UInt16(field.layout.offset | field.type.size << 8) }
        encodeBytes(placesBySlot.flatMap { encode($0) }, into: &head.places)
        // The last member is that of the steps.
        return encode(head).dropLast(MemoryLayout.size(ofValue: head.steps)) + steps.flatMap { $0 }
    }

    private func bits(of fields: [RegisteredField]) -> UInt32 { fields.reduce(0) { $0 | 1 << UInt32($1.slot) } }

    /// The generations of areas in which all these fields lie where they lie; nil while one of them is moving.
    func places(of fields: [RegisteredField]) -> (oldest: UInt64, span: UInt32)? {
        let binding = binding(fields.map(\.name))
        guard binding.places.allSatisfy({ $0.bit != 0 }) else { return nil }
        return (binding.oldestStamp(.nobodys), UInt32(binding.span))
    }
}

extension FieldDefinition {
    /// Whether the producer sets the field on each packet: the source has a value for each, and no packets are left out.
    fileprivate var isAlwaysSet: Bool {
        switch source {
        case .none, .payload, .rxTimestamp, .rxHash, .rxVLAN: false
        case .constant, .ifindex, .rxQueue, .packetLength, .flowHash, .sequence, .ktime: sample == 1
        }
    }
}

extension pktmeta_step {
    init(_ field: RegisteredField) {
        self.init()
        id = field.id.rawValue
        type = UInt8(field.type.code)
        size = UInt8(field.type.size)
        source = UInt8(field.definition.source.code)
        sink = UInt8(field.definition.sink.code)
        sink_mask = field.definition.sink.mask
        sample = field.definition.sampleCode
        flags = UInt16(field.definition.flags)
        place = UInt16(field.layout.offset)
        bit = 1 << UInt32(field.slot)
        slot = UInt32(field.slot * MemoryLayout<UInt64>.size)
        switch field.definition.source {
        case .constant(let bytes): encodeBytes(bytes, into: &constant)
        case .payload(let offset): source_offset = UInt32(offset)
        default: break
        }
    }
}
