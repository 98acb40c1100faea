// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI
internal import RegistryModel

extension RegistryImage {
    /// The frozen table of the prebuilt programs, `struct pktmeta_table`: fields with a source first.
    func table() throws(PacketMetadataError) -> [UInt8] {
        try table(
            fields.filter { $0.definition.source != .none } + fields.filter { $0.definition.source == .none })
    }

    /// The same with these fields only, in this order.
    func table(_ ordered: [RegisteredField]) throws(PacketMetadataError) -> [UInt8] {
        var steps = ordered.map { encode(pktmeta_step($0)) }
        let blank = encode(pktmeta_step())
        while steps.count < RegistryImage.fieldSlots.count { steps.append(blank) }
        let sources = ordered.reduce(UInt32(0)) { $0 | 1 << $1.definition.source.code }
        do throws(BPFError) {
            let samples = UInt32(ordered.contains { $0.definition.sample > 1 } ? 1 : 0)
            let noFragments = UInt32(kernelTakesFragments ? 0 : 1)
            return encode(sources) + encode(UInt32(try possibleCPUs())) + encode(samples) + encode(noFragments)
                + steps.flatMap { $0 }
        } catch {
            throw PacketMetadataError(error)
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
        flags = field.definition.flags
        switch field.definition.source {
        case .constant(let bytes): encodeBytes(bytes, into: &constant)
        case .payload(let offset): source_offset = UInt32(offset)
        default: break
        }
    }
}
