// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// Reads the values of an area that programs have copied whole, by the registry as it is when the area is read.
struct AreaDecoder {
    private let fields: [RegisteredField]
    private let valueRange: Range<Int>
    /// The newest of the areas whose fields it knows.
    let generation: Generation

    /// - Parameter names: the fields to be read; all if empty.
    init(_ image: RegistryImage, names: [FieldName]) {
        fields = image.fields.filter { names.isEmpty || names.contains($0.name) }
        valueRange = image.word.valueRange
        generation = image.word.pending
    }

    /// Whether the registry has changed since: a field may have come to where another was.
    func isTooOld(for generation: Generation) -> Bool { self.generation.isOlder(than: generation) }

    /// The fields that a get would have returned.
    ///
    /// A field that lies elsewhere by now, or is gone, is in none of the areas of before, as it is for programs.
    ///
    /// - Parameters:
    ///   - values: the bytes between the area's header and its trailer.
    ///   - set: one bit a slot.
    ///   - generation: the area's.
    func fields(_ values: RawSpan, set: UInt32, generation: Generation) -> [WatchedPacket.Field] {
        guard values.byteCount >= valueRange.count else { return [] }
        return fields.compactMap { field in
            guard set & (1 << UInt32(field.slot)) != 0, !generation.isOlder(than: field.layout.generation) else {
                return nil
            }
            let offset = field.type.size == 0 ? 0 : field.layout.offset - valueRange.lowerBound
            return WatchedPacket.Field(
                name: field.name, value: FieldValue(type: field.type, at: offset, of: values))
        }
    }
}
