// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

extension RegistryImage {
    /// Reads the registry map's 32 values of 256 bytes, whatever is in them.
    ///
    /// - Throws: `incompatibleABI` or `badData` if slot 0 does not describe a registry of this ABI.
    package init(entries: [[UInt8]], path: String) throws(PacketMetadataError) {
        precondition(entries.count == Self.slotCount && entries.allSatisfy { $0.count == Self.entrySize })
        let word = try Self.word(head: entries[0], path: path)
        let head = decode(entries[0], as: pktmeta_registry.self)
        self.init(
            word: word, revision: head.revision, createdAt: head.created_at,
            slots: entries.dropFirst().map(SlotImage.init(entry:)))
    }

    /// What slot 0 says, if it is that of a registry of this ABI.
    ///
    /// - Throws: `incompatibleABI` or `badData` if not.
    @discardableResult
    package static func word(head entry: [UInt8], path: String) throws(PacketMetadataError) -> RegistryWord {
        let word = RegistryWord(rawValue: decode(entry, as: pktmeta_registry.self).word)
        let summary = "cannot use the registry \(path)"
        guard let version = word.abiVersion else {
            throw PacketMetadataError(.badData, summary, reason: "the map pinned there is not a registry")
        }
        guard version == RegistryWord.abiVersion else {
            throw PacketMetadataError(
                .incompatibleABI, summary,
                reason: "it has ABI version \(version), this pktmeta has \(RegistryWord.abiVersion)",
                remedy: "Use the pktmeta that made it, or another registry with --registry.")
        }
        guard RegistryWord.capacities.contains(word.capacity) else {
            throw PacketMetadataError(.badData, summary, reason: "its capacity is \(word.capacity) bytes")
        }
        return word
    }

    /// The value of slot 0.
    package var headEntry: [UInt8] {
        var head = pktmeta_registry()
        head.word = word.rawValue
        head.revision = revision
        head.created_at = createdAt
        return encode(head)
    }

    /// The value of slot 1 to 31.
    package func entry(_ slot: Int) -> [UInt8] { self[slot].entry }
}

extension SlotImage {
    init(entry bytes: [UInt8]) {
        let entry = decode(bytes, as: pktmeta_entry.self)
        layout = LayoutWord(rawValue: entry.layout)
        registeredAt = entry.registered_at
        lastEpoch = entry.last_epoch
        do throws(Fault) {
            definition = try Self.definition(entry, size: layout.size)
        } catch {
            fault = error.text
        }
    }

    private struct Fault: Error {
        let text: String
    }

    private static func definition(_ entry: pktmeta_entry, size: Int) throws(Fault) -> FieldDefinition {
        guard let nameText = decodeText(entry.name), let ownerText = decodeText(entry.owner) else {
            throw Fault(text: "its name or owner is not terminated")
        }
        guard let type = FieldType(code: entry.type, size: size) else {
            throw Fault(text: "no type has code \(entry.type) and \(size) bytes")
        }
        let constant = Array(encode(entry.constant).prefix(size))
        guard
            let source = FieldSource(
                code: entry.source, offset: Int(entry.source_offset), constant: constant, type: type)
        else { throw Fault(text: "its source makes no sense") }
        guard let sink = FieldSink(code: entry.sink, mask: entry.sink_mask, type: type) else {
            throw Fault(text: "its sink makes no sense")
        }
        do {
            return try FieldDefinition(
                name: FieldName(nameText), type: type, source: source, sink: sink,
                sample: max(1, Int(entry.sample)), owner: ownerText,
                isPrivate: entry.flags & UInt32(PKTMETA_FIELD_PRIVATE) != 0)
        } catch {
            throw Fault(text: error.reason)
        }
    }

    var entry: [UInt8] {
        var entry = pktmeta_entry()
        entry.layout = layout.rawValue
        entry.registered_at = registeredAt
        entry.last_epoch = lastEpoch
        if let definition {
            encodeText(definition.name.text, into: &entry.name)
            encodeText(definition.owner, into: &entry.owner)
            entry.type = definition.type.code
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
