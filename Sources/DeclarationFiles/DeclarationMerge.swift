// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// Several documents as one declaration.
struct DeclarationMerge {
    private(set) var declaration = HostDeclaration()
    /// Where documents contradict each other.
    private(set) var faults: [DocumentFault] = []

    private var settings: [RegistryKey: DocumentPlace] = [:]
    private var fieldIndices: [FieldName: Int] = [:]
    private var places: [FieldName: PlacedField] = [:]

    init(_ documents: [DocumentContent]) {
        for document in documents { add(document) }
    }

    private mutating func add(_ document: DocumentContent) {
        if !declaration.owners.contains(document.owner) { declaration.owners.append(document.owner) }
        take(document.path, \.path, .path)
        take(document.capacity, \.capacity, .capacity)
        take(document.statistics, \.statistics, .statistics)
        take(document.access, \.access, .modeBits)
        for field in document.fields { add(field) }
        declaration.attachments += document.attachments
        for placed in document.layout { add(placed) }
    }

    private mutating func take<Value: Equatable>(
        _ new: Placed<Value>?, _ setting: WritableKeyPath<RegistryDeclaration, Value?>, _ key: RegistryKey
    ) {
        guard let new else { return }
        guard let old = declaration.registry[keyPath: setting], let first = settings[key] else {
            declaration.registry[keyPath: setting] = new.value
            settings[key] = new.place
            return
        }
        if old != new.value { faults.append(DocumentFault(at: new.place, .otherSetting(key.rawValue, first: first))) }
    }

    /// The first owner comes first. Hardware is required if anybody requires it.
    private mutating func add(_ field: FieldDeclaration) {
        let name = field.definition.name
        guard let index = fieldIndices[name] else {
            fieldIndices[name] = declaration.fields.count
            declaration.fields.append(field)
            return
        }
        let old = declaration.fields[index]
        if !old.definition.isSameField(as: field.definition) {
            faults.append(DocumentFault(at: field.place, .otherField(name, first: old.place)))
            return
        }
        let owner = field.definition.owner
        declaration.fields[index] = FieldDeclaration(
            old.definition, requiresHardware: old.requiresHardware || field.requiresHardware,
            alsoDeclaredBy: old.alsoDeclaredBy + (old.owners.contains(owner) ? [] : [owner]), at: old.place)
    }

    private mutating func add(_ placed: Placed<PlacedField>) {
        let name = placed.value.name
        guard let old = places[name] else {
            places[name] = placed.value
            declaration.layout.append(placed.value)
            return
        }
        if (old.id, old.offset) != (placed.value.id, placed.value.offset), let first = old.place {
            faults.append(DocumentFault(at: placed.place, .otherLayout(name, first: first)))
        }
    }
}
