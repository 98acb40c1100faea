// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// Loads a program of an object, bound to a registry: its maps, its constants and the fields it names.
struct ProgramLoader: ~Copyable {
    private let file: ObjectFile
    private let image: RegistryImage
    private let summary: String
    /// Whether fields that are not registered are an error, or fold to -ENOENT.
    private let isStrict: Bool

    /// - Parameters:
    ///   - image: the registry that the program will meet; not necessarily as it is already.
    ///   - summary: what the user asked for, for errors.
    init(_ file: ObjectFile, image: RegistryImage, isStrict: Bool, summary: String) {
        self.file = file
        self.image = image
        self.isStrict = isStrict
        self.summary = summary
    }

    /// A program in the kernel that nothing is attached to yet.
    final class Loaded {
        let object: BPFObject
        let program: BPFProgram
        /// The name in the object; the kernel keeps 15 bytes of it.
        let name: String
        let binding: ProgramBinding

        init(_ object: consuming BPFObject, _ program: consuming BPFProgram, _ name: String, _ binding: ProgramBinding)
        {
            self.object = object
            self.program = program
            self.name = name
            self.binding = binding
        }
    }

    /// - Parameters:
    ///   - programName: nil if the object has just one for the hook.
    ///   - isGeneric: whether it will run in generic XDP. A program that takes fragments leaves the packet's metadata
    ///     14 bytes off there (measured on Linux 6.18), so such a program is loaded as one that does not.
    ///   - maps: the folder where an earlier load's maps are pinned, to be used again; nil for new ones.
    ///   - device: for a program that asks an interface's driver.
    func load(
        _ programName: String?, for hook: Hook, in registry: borrowing Registry, maps: FilePath? = nil,
        asking device: AskedDevice? = nil, isGeneric: Bool = false
    ) throws(PacketMetadataError) -> Loaded {
        let inspected = try open(typesPath: nil)
        let name = try choose(programName, for: hook, among: inspected.programs)
        try checkMaps(inspected)
        let used = UsedFields(inspected)
        if used.isEmpty {
            return try finish(inspected, name, try binding(used, types: []), maps, registry, device, isGeneric)
        }

        let (bytes, types) = try registryTypes(used)
        return try finish(
            open(typesPath: types.path), name, try binding(used, types: bytes), maps, registry, device, isGeneric)
    }

    /// What the program would be loaded with, without loading it.
    func binding() throws(PacketMetadataError) -> ProgramBinding {
        let used = UsedFields(try open(typesPath: nil))
        return try binding(used, types: used.isEmpty ? [] : encode(used))
    }

    private func open(typesPath: String?) throws(PacketMetadataError) -> BPFObject {
        do throws(BPFError) {
            return try BPFObject(bytes: file.bytes, name: "pktmeta", typesPath: typesPath)
        } catch {
            let said = error.messages.last.map { ": \($0)" } ?? " (\(error.errno.name))"
            throw bad("it is not a BPF object that libbpf can read\(said)")
        }
    }

    private func finish(
        _ object: consuming BPFObject, _ name: String, _ binding: ProgramBinding, _ maps: FilePath?,
        _ registry: borrowing Registry, _ device: AskedDevice?, _ isGeneric: Bool
    ) throws(PacketMetadataError) -> Loaded {
        let hasTable = object.setConstant(PKTMETA_TABLE_VARIABLE, to: try image.table(summary))
        do throws(BPFError) {
            try object.reuse(registry.fieldsMap, as: PKTMETA_REGISTRY_MAP)
            if object.mapShape(PKTMETA_STATE_MAP) != nil {
                try object.reuse(registry.stateMap, as: PKTMETA_STATE_MAP)
            }
            if let maps { try OwnMaps.reuse(object, from: maps) }
            let program = try object.load(
                only: name, boundTo: device?.ifindex, takesFragments: !isGeneric)
            return Loaded(object, program, name, binding.with(hasTable: hasTable))
        } catch {
            if let refusal = device?.refusal.kernelSaid(error) { throw refusal }
            throw PacketMetadataError(error, summary, needs: [.bpf, .netAdmin, .perfmon])
        }
    }

    // MARK: Checks

    private func choose(
        _ name: String?, for hook: Hook, among programs: [BPFObject.ProgramDescription]
    ) throws(PacketMetadataError) -> String {
        let fitting = programs.filter { hook == .xdp ? $0.isXDP : $0.isSchedCls }.map(\.name)
        let chosen: String
        if let name {
            guard fitting.contains(name) else { throw bad("it has no \(hook) program \(name)\(list(fitting))") }
            chosen = name
        } else if fitting.count == 1 {
            chosen = fitting[0]
        } else if fitting.isEmpty {
            throw bad("it has no \(hook) program")
        } else {
            throw bad("it has \(fitting.count) \(hook) programs\(list(fitting))", "Name one: OBJECT:PROGRAM.")
        }
        guard chosen.utf8.count <= AttachmentRecord.maximumProgramLength else {
            throw bad("the program's name has more than \(AttachmentRecord.maximumProgramLength) bytes")
        }
        return chosen
    }

    private func list(_ names: [String]) -> String {
        names.isEmpty ? "" : ": \(names.joined(separator: ", "))"
    }

    private func checkMaps(_ object: borrowing BPFObject) throws(PacketMetadataError) {
        guard let fields = object.mapShape(PKTMETA_REGISTRY_MAP) else {
            throw bad(
                "it has no map \(PKTMETA_REGISTRY_MAP)",
                "Programs that share fields include <pktmeta/pktmeta.bpf.h>; others need no pktmeta to be attached.")
        }
        let state = object.mapShape(PKTMETA_STATE_MAP)
        guard fields == RegistryFolder.registryShape, state == nil || state == RegistryFolder.stateShape else {
            throw PacketMetadataError(
                .incompatibleABI, summary, reason: "\(file.name) was compiled against another ABI than this pktmeta's",
                remedy: "Compile it against the header of this version.")
        }
    }

    private func bad(_ reason: String, _ remedy: String? = nil) -> PacketMetadataError {
        PacketMetadataError(.badData, summary, reason: "\(file.name): \(reason)", remedy: remedy)
    }

    // MARK: Fields by name

    private func binding(_ used: UsedFields, types: [UInt8]) throws(PacketMetadataError) -> ProgramBinding {
        ProgramBinding(
            digest: digest(types), generation: image.word.pending, isBound: used.opensBound || !used.bound.isEmpty,
            hasTable: false)
    }

    private func encode(_ used: UsedFields) throws(PacketMetadataError) -> [UInt8] {
        do throws(BPFError) {
            return try types(used).encoded()
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    /// The registry's types for these fields, and a file with them and, if the object relocates them, the kernel's.
    private func registryTypes(
        _ used: UsedFields
    ) throws(PacketMetadataError) -> (bytes: [UInt8], file: MemoryFileBox) {
        if isStrict { try refuseMissing(used) }
        let own = try encode(used)
        do throws(BPFError) {
            let needsKernel = try relocatedTypes(inObject: file.bytes).contains { !UsedFields.isRegistryType($0) }
            guard needsKernel else { return (own, MemoryFileBox(try MemoryFile(own, for: "hand over types"))) }
            let builder = try BTFBuilder.withKernelTypes()
            try types(used).write(to: builder)
            return (own, MemoryFileBox(try MemoryFile(builder.bytes(), for: "hand over types")))
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    private func types(_ used: UsedFields) -> RegistryTypes {
        RegistryTypes(binding: image.binding(used.all.compactMap { try? FieldName($0) }))
    }

    private func refuseMissing(_ used: UsedFields) throws(PacketMetadataError) {
        let missing = missing(used)
        guard missing.isEmpty else {
            let commands = missing.map { name in
                "pktmeta register-field \(name) --type \(used.type(of: name)?.description ?? "TYPE")"
            }
            throw PacketMetadataError(
                .notFound, summary, reason: "\(file.name) uses fields that are not registered\(list(missing))",
                remedy: commands.joined(separator: "; ")
                    + "; or --register-missing, for those declared with their type.")
        }
        for field in image.fields {
            guard let type = used.type(of: field.name.text), type.size != field.type.size else { continue }
            throw PacketMetadataError(
                .badData, summary,
                reason: "\(file.name) declares \(field.name) with \(type.size) bytes, and it is registered as "
                    + "\(field.type), of \(field.type.size)",
                remedy: "pktmeta inspect-map registry \(field.name) shows who registered it.")
        }
    }

    private func missing(_ used: UsedFields) -> [String] {
        let names = Set(image.fields.map(\.name.text))
        return used.all.filter { !names.contains($0) }.sorted()
    }

    /// Fields that the object declares with their type and that are not registered.
    func missingDefinitions() throws(PacketMetadataError) -> [FieldDefinition] {
        let used = UsedFields(try open(typesPath: nil))
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

/// What a program was loaded with, beside its object.
struct ProgramBinding: Hashable, Sendable {
    /// Of the types that its fields were relocated against.
    let digest: UInt64
    /// The newest that it accepts, if it is bound.
    let generation: Generation
    /// It has fields bound by name, and is loaded anew when their binding changes.
    let isBound: Bool
    /// It has the prebuilt programs' table, and is loaded anew when the fields change.
    let hasTable: Bool

    func with(hasTable: Bool) -> ProgramBinding {
        ProgramBinding(digest: digest, generation: generation, isBound: isBound, hasTable: hasTable)
    }
}
