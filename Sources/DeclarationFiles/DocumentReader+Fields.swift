// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

extension DocumentReader {
    mutating func field(_ entry: Entry, owner: String) -> FieldDeclaration? {
        let name = attempt(at: entry.keyPlace) { () throws(PacketMetadataError) in try FieldName(entry.key) }
        guard let members = members(entry.value, FieldKey.self) else { return nil }
        let before = faults.count
        let sample = members[.sample].flatMap { number($0, upTo: Int(UInt32.max)) } ?? 1
        let isPrivate = members[.isPrivate].flatMap { flag($0) } ?? false
        let isForSockets = members[.sockets].flatMap { flag($0) } ?? true
        let hardware = members[.hardware].flatMap { word($0, HardwareWord.self) }
        guard let typeNode = members[.type] else {
            faults.append(DocumentFault(at: entry.keyPlace, .missingKey(FieldKey.type.rawValue)))
            return nil
        }
        guard let text = text(typeNode),
            let type = attempt(at: typeNode, { () throws(PacketMetadataError) in try FieldType(text) })
        else { return nil }
        let source: FieldSource = members[.source].flatMap { self.source($0, type) } ?? .none
        let sink: FieldSink = members[.sink].flatMap { self.sink($0, type) } ?? .none
        if let node = members[.hardware], hardware != nil, !source.isOfDriver, faults.count == before {
            note(.hardwareWithoutSource(source), at: node)
        }
        guard let name, faults.count == before else { return nil }
        // What is noted above would only be said again here.
        let definition = attempt(at: entry.keyPlace) { () throws(PacketMetadataError) in
            try FieldDefinition(
                name: name, type: type, source: source, sink: sink, sample: sample, owner: owner,
                isPrivate: isPrivate, isForSockets: isForSockets)
        }
        return definition.map {
            FieldDeclaration($0, requiresHardware: hardware == .required, at: entry.keyPlace)
        }
    }

    private mutating func source(_ node: Node, _ type: FieldType) -> FieldSource? {
        guard let text = text(node) else { return nil }
        return attempt(at: node) { () throws(PacketMetadataError) in try FieldSource(text, type: type) }
    }

    private mutating func sink(_ node: Node, _ type: FieldType) -> FieldSink? {
        guard let text = text(node) else { return nil }
        return attempt(at: node) { () throws(PacketMetadataError) in try FieldSink(text, type: type) }
    }

    mutating func placedField(_ entry: Entry) -> Placed<PlacedField>? {
        let name = attempt(at: entry.keyPlace) { () throws(PacketMetadataError) in try FieldName(entry.key) }
        guard let members = members(entry.value, LayoutKey.self) else { return nil }
        for key in LayoutKey.allCases where !members.has(key) {
            faults.append(DocumentFault(at: entry.keyPlace, .missingKey(key.rawValue)))
        }
        let id = members[.id].flatMap { fieldID($0) }
        let offset = members[.offset].flatMap { number($0, upTo: RegistryWord.capacities.last ?? 0) }
        guard let name, let id, let offset else { return nil }
        return Placed(value: PlacedField(name, id: id, offset: offset, at: entry.keyPlace), place: entry.keyPlace)
    }

    private mutating func fieldID(_ node: Node) -> FieldID? {
        guard let text = text(node) else { return nil }
        guard let id = FieldID(text) else {
            note(.badNumber(text, most: Int(UInt32.max)), at: node)
            return nil
        }
        return attempt(at: node) { () throws(PacketMetadataError) in
            try id.checkPossible()
            return id
        }
    }
}
