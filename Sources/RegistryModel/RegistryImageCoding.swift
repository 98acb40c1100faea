// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI
package import SystemPackage

extension RegistryImage {
    /// Reads the registry map's value, whatever is in it.
    ///
    /// - Throws: `incompatibleABI` or `badData` if it does not describe a registry of this ABI.
    package init(bytes: [UInt8], path: FilePath) throws(PacketMetadataError) {
        let word = try Self.checkedWord(of: bytes, path: path)
        self.init(
            word: word, revision: Self.word(Self.revisionWord, of: bytes),
            createdAt: Self.word(Self.createdAtWord, of: bytes),
            statistics: Statistics(interval: UInt32(truncatingIfNeeded: Self.word(Self.abiWord, of: bytes) >> 32)),
            slots: Self.fieldSlots.map { SlotImage(slot: $0, of: bytes) })
        slotZero = LayoutWord(rawValue: Self.word(Self.layoutWord(0), of: bytes))
        beginnings = Beginnings(ofMap: bytes)
    }

    /// The registry word of a registry map's value, if it is that of a registry of this ABI.
    ///
    /// - Throws: `badData` if not; `incompatibleABI` if it is that of another.
    @discardableResult
    package static func checkedWord(of bytes: [UInt8], path: FilePath) throws(PacketMetadataError) -> RegistryWord {
        precondition(bytes.count == size)
        let word = RegistryWord(rawValue: word(0, of: bytes))
        return try doing(.useRegistry(path)) { () throws(PacketMetadataError) in
            if let fault = fault(of: word) { throw PacketMetadataError(fault) }
            return word
        }
    }

    private static func fault(of word: RegistryWord) -> ImageRefusal? {
        guard let version = word.abiVersion else { return .otherMap }
        guard version == RegistryWord.abiVersion else {
            return .otherABI(version: version, own: RegistryWord.abiVersion)
        }
        return RegistryWord.capacities.contains(word.capacity) ? nil : .damagedCapacity(word.capacity)
    }

    /// The registry map's value.
    package var bytes: [UInt8] {
        let words = [word.rawValue, slotZero.rawValue] + slots.map(\.layout.rawValue) + [revision, createdAt]
        let head =
            words.flatMap { encode($0) } + encode(UInt32(PKTMETA_ABI_VERSION)) + encode(statistics.interval)
            + beginnings.bytes
        let rest = [UInt8](repeating: 0, count: Self.entryOffset(1) - head.count)
        return head + rest + slots.flatMap(\.entry)
    }

    // MARK: struct pktmeta_registry

    /// Bytes.
    package static let size = MemoryLayout<pktmeta_registry>.size
    package static let entrySize = MemoryLayout<pktmeta_entry>.size
    private static let wordSize = MemoryLayout<UInt64>.size
    /// Which 64-bit word of the value a slot's layout word is.
    package static func layoutWord(_ slot: Int) -> Int { 1 + slot }
    package static func layoutOffset(_ slot: Int) -> Int { layoutWord(slot) * wordSize }
    package static let revisionWord = 1 + slotCount
    private static let createdAtWord = revisionWord + 1
    /// The ABI's version and, in the upper half, the statistics.
    private static let abiWord = createdAtWord + 1
    /// Where the statistics' number lies, in bytes.
    package static let statisticsOffset = abiWord * wordSize + 4

    /// Where the entry of a slot from 1 on begins, in bytes.
    package static func entryOffset(_ slot: Int) -> Int { size - (slotCount - slot) * entrySize }

    /// A word of a registry map's value.
    package static func word(_ index: Int, of bytes: [UInt8]) -> UInt64 {
        decode(Array(bytes[index * wordSize..<(index + 1) * wordSize]), as: UInt64.self)
    }
}

extension SlotImage {
    /// A slot from 1 on of a registry map's value.
    init(slot: Int, of bytes: [UInt8]) {
        let start = RegistryImage.entryOffset(slot)
        self.init(
            layout: LayoutWord(rawValue: RegistryImage.word(RegistryImage.layoutWord(slot), of: bytes)),
            entry: Array(bytes[start..<start + RegistryImage.entrySize]))
    }

    init(layout: LayoutWord, entry bytes: [UInt8]) {
        let entry = decode(bytes, as: pktmeta_entry.self)
        self.layout = layout
        registeredAt = entry.registered_at
        lastEpoch = entry.last_epoch
        baseline = FieldCounters(words(entry.baseline))
        do throws(RegistryProblem.Fault) {
            definition = try Self.definition(entry, layout)
        } catch {
            fault = error
        }
    }

    private static func definition(
        _ entry: pktmeta_entry, _ layout: LayoutWord
    ) throws(RegistryProblem.Fault) -> FieldDefinition {
        let size = Int(entry.size)
        if layout.isLive, layout.size != size {
            throw .sizes(layout: layout.size, entry: size)
        }
        guard let nameText = decodeText(entry.name), let ownerText = decodeText(entry.owner) else {
            throw .unterminatedText
        }
        guard let type = FieldType(code: entry.type, size: size) else {
            throw .noType(code: entry.type, size: size)
        }
        let constant = Array(encode(entry.constant).prefix(size))
        guard
            let source = FieldSource(
                code: entry.source, offset: Int(entry.source_offset), constant: constant, type: type)
        else { throw .badSource }
        guard let sink = FieldSink(code: entry.sink, mask: entry.sink_mask, type: type) else {
            throw .badSink
        }
        do {
            return try FieldDefinition(
                name: FieldName(nameText), type: type, source: source, sink: sink,
                sample: max(1, Int(entry.sample)), owner: ownerText,
                isPrivate: entry.flags & UInt32(PKTMETA_FIELD_PRIVATE) != 0,
                isForSockets: entry.flags & UInt32(PKTMETA_FIELD_NO_SOCKETS) == 0)
        } catch {
            // Nothing else refuses a name or a definition.
            guard let refusal = error.refusal as? FieldRefusal else { preconditionFailure("\(error)") }
            throw .badDefinition(refusal)
        }
    }

    var entry: [UInt8] {
        var entry = pktmeta_entry()
        entry.registered_at = registeredAt
        entry.last_epoch = lastEpoch
        encodeBytes(baseline.bytes, into: &entry.baseline)
        if let definition {
            encodeText(definition.name.text, into: &entry.name)
            encodeText(definition.owner, into: &entry.owner)
            entry.type = definition.type.code
            entry.size = UInt8(definition.type.size)
            entry.source = definition.source.code
            switch definition.source {
            case .constant(let bytes): encodeBytes(bytes, into: &entry.constant)
            case .payload(let offset): entry.source_offset = UInt32(offset)
            default: break
            }
            entry.sink = definition.sink.code
            entry.sink_mask = definition.sink.mask
            entry.sample = definition.sampleCode
            entry.flags = definition.flags
        }
        return encode(entry)
    }
}

// C structs of the ABI are plain integers and arrays of them, so any bytes are a value and each value is its bytes.

/// Where in a C struct a member begins, in bytes.
func memberOffset<Struct>(_ member: PartialKeyPath<Struct>) -> Int {
    guard let offset = MemoryLayout<Struct>.offset(of: member) else {
        preconditionFailure("members of a C struct have places")
    }
    return offset
}

package func decode<Struct: BitwiseCopyable>(_ bytes: [UInt8], as type: Struct.Type) -> Struct {
    precondition(bytes.count >= MemoryLayout<Struct>.size)
    return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: type) }
}

package func encode(_ value: some BitwiseCopyable) -> [UInt8] {
    unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
}

/// - Returns: nil if the array holds no NUL, or no UTF-8 before it.
package func decodeText(_ array: some BitwiseCopyable) -> String? {
    let bytes = encode(array)
    guard let end = bytes.firstIndex(of: 0) else { return nil }
    return String(validating: bytes[..<end], as: UTF8.self)
}

package func encodeText(_ text: String, into array: inout some BitwiseCopyable) {
    encodeBytes(Array(text.utf8), into: &array)
}

package func encodeBytes(_ bytes: [UInt8], into array: inout some BitwiseCopyable) {
    unsafe withUnsafeMutableBytes(of: &array) { place in
        precondition(bytes.count <= place.count)
        unsafe place.copyBytes(from: bytes)
    }
}
