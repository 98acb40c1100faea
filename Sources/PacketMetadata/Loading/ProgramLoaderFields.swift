// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// The fields that an object names, and the types that they are relocated against.
extension ProgramLoader {
    /// - Parameter seal: the registry's; in place of it, one that is nobody's for types that are only to be compared.
    func encode(_ used: UsedFields, _ seal: Seal) throws(PacketMetadataError) -> [UInt8] {
        do throws(BPFError) {
            return try types(used, seal).encoded()
        } catch {
            throw PacketMetadataError(error)
        }
    }

    /// A file with the registry's types and, if the object relocates them, the kernel's.
    func typesFile(_ used: UsedFields, _ seal: Seal) throws(PacketMetadataError) -> MemoryFileBox {
        do throws(BPFError) {
            let needsKernel = try file.bytes.relocatedTypes().contains { !UsedFields.isRegistryType($0) }
            return try types(used, seal).file(withKernelTypes: needsKernel)
        } catch {
            throw PacketMetadataError(error)
        }
    }

    private func types(_ used: UsedFields, _ seal: Seal) -> RegistryTypes {
        let binding = image.binding(used.all.compactMap { try? FieldName($0) }, isRenewed: isRenewed)
        return RegistryTypes(binding: binding, seal: seal)
    }

    func refuseMissing(_ used: UsedFields) throws(PacketMetadataError) {
        let missing = missing(used)
        guard missing.isEmpty else {
            throw PacketMetadataError(
                LoadingRefusal.missingFields(
                    object: file.name, missing.map { MissingField(name: $0, type: used.likelyType(of: $0)) },
                    among: image.fields.map(\.name)))
        }
        for field in image.fields { try refuseOtherSize(field, used) }
    }

    /// A program that uses a field with another size than the field's would run, and get -EINVAL from each call.
    private func refuseOtherSize(
        _ field: RegisteredField, _ used: UsedFields
    ) throws(PacketMetadataError) {
        let name = field.name.text
        let called = used.sizesByID[name, default: []].filter { $0 != field.type.size }.min()
        if let declared = used.type(of: name)?.size, declared != field.type.size {
            throw PacketMetadataError(LoadingRefusal.declaredSize(object: file.name, field, size: declared))
        }
        if let called { throw PacketMetadataError(LoadingRefusal.calledSize(object: file.name, field, size: called)) }
    }

    private func missing(_ used: UsedFields) -> [String] {
        let names = Set(image.fields.map(\.name.text))
        return used.all.filter { !names.contains($0) }.sorted()
    }

    /// Fields that the object declares with their type and that are not registered.
    func missingDefinitions() throws(PacketMetadataError) -> [FieldDefinition] {
        let object = try open(typesPath: nil)
        try checkMaps(object)
        let used = UsedFields(object)
        var definitions: [FieldDefinition] = []
        for name in missing(used) {
            guard let type = used.type(of: name) else { continue }
            definitions.append(
                try FieldDefinition(name: FieldName(name), type: type, owner: file.ownerName))
        }
        return definitions
    }
}

/// Keeps a file open; a tuple cannot hold the value itself.
final class MemoryFileBox {
    private let file: MemoryFile
    init(_ file: consuming MemoryFile) { self.file = file }
    var path: String { file.path }
}
