// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// Loads a program of an object, bound to a registry: its maps, its constants and its fields' ids.
struct ProgramLoader: ~Copyable {
    let image: RegistryImage
    private let summary: String
    private let file: ObjectFile

    /// - Parameter summary: what the user asked for, for errors.
    init(_ file: ObjectFile, image: RegistryImage, summary: String) {
        self.file = file
        self.image = image
        self.summary = summary
    }

    /// A program in the kernel that nothing is attached to yet.
    struct Loaded: ~Copyable {
        let program: BPFProgram
        /// The name in the object; the kernel keeps 15 bytes of it.
        let name: String
        let follows: Bool
    }

    /// Fields that an object uses by `PKTMETA_ID`.
    static func usedFields(_ object: borrowing BPFObject) -> [String] {
        (object.types?.enums(prefix: PKTMETA_ID_ENUM_PREFIX) ?? []).map {
            String($0.dropFirst(PKTMETA_ID_ENUM_PREFIX.utf8.count))
        }
    }

    /// - Parameter programName: nil if the object has just one for the hook.
    func load(
        _ programName: String?, for hook: Hook, in registry: borrowing Registry
    ) throws(PacketMetadataError) -> Loaded {
        let inspected = try open(typesPath: nil)
        let name = try choose(programName, for: hook, among: inspected.programs)
        try checkMaps(inspected)
        let used = Self.usedFields(inspected)
        if used.isEmpty { return try finish(inspected, name, registry) }

        let types = try registryTypes(for: used)
        return try finish(open(typesPath: types.procPath), name, registry)
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
        _ object: borrowing BPFObject, _ name: String, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> Loaded {
        let follows = object.setConstant(PKTMETA_TABLE_VARIABLE, to: try table())
        do throws(BPFError) {
            try object.reuse(registry.fieldsMap, as: PKTMETA_REGISTRY_MAP)
            if object.mapShape(PKTMETA_STATE_MAP) != nil {
                try object.reuse(registry.stateMap, as: PKTMETA_STATE_MAP)
            }
            return Loaded(program: try object.load(only: name), name: name, follows: follows)
        } catch {
            throw PacketMetadataError(error, summary, needs: [.bpf, .netAdmin, .perfmon])
        }
    }

    // MARK: Checks

    private func choose(
        _ name: String?, for hook: Hook, among programs: [BPFObject.ProgramDescription]
    ) throws(PacketMetadataError) -> String {
        let fitting = programs.filter { hook == .xdp ? $0.isXDP : $0.isSchedCls }.map(\.name)
        if let name {
            guard fitting.contains(name) else { throw bad("it has no \(hook) program \(name)\(list(fitting))") }
            return name
        }
        guard let only = fitting.first else { throw bad("it has no \(hook) program") }
        guard fitting.count == 1 else {
            throw bad("it has \(fitting.count) \(hook) programs\(list(fitting))", "Name one: OBJECT:PROGRAM.")
        }
        return only
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

    // MARK: What the registry says

    /// BTF with an `enum pktmeta_id_NAME` for each field used, which `PKTMETA_ID(NAME)` is relocated against.
    private func registryTypes(for used: [String]) throws(PacketMetadataError) -> OwnedFD {
        let ids = Dictionary(uniqueKeysWithValues: image.fields.map { ($0.name.text, $0.id) })
        let missing = used.filter { ids[$0] == nil }
        guard missing.isEmpty else {
            throw PacketMetadataError(
                .notFound, summary, reason: "\(file.name) uses fields that are not registered\(list(missing))",
                remedy: "pktmeta register-field \(missing[0]) --type TYPE registers one.")
        }
        do throws(BPFError) {
            let builder = try BTFBuilder()
            for name in used {
                try builder.addEnum(
                    PKTMETA_ID_ENUM_PREFIX + name,
                    values: [(PKTMETA_ID_VALUE_PREFIX + name, ids[name]?.rawValue ?? 0)])
            }
            return try builder.file()
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    /// The frozen table of the prebuilt programs, those with a source first.
    private func table() throws(PacketMetadataError) -> [UInt8] {
        let fields =
            image.fields.filter { $0.definition.source != .none }
            + image.fields.filter { $0.definition.source == .none }
        var steps: [[UInt8]] = fields.map { encode(pktmeta_step($0)) }
        let blank = encode(pktmeta_step())
        while steps.count < RegistryImage.fieldSlots.count { steps.append(blank) }
        let sources = fields.reduce(UInt32(0)) { $0 | 1 << $1.definition.source.code }
        do throws(BPFError) {
            return encode(sources) + encode(UInt32(try possibleCPUs())) + steps.flatMap { $0 }
        } catch {
            throw PacketMetadataError(error, summary)
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
        switch field.definition.source {
        case .constant(let bytes): encodeBytes(bytes, into: &constant)
        case .payload(let offset): source_offset = UInt32(offset)
        default: break
        }
    }
}
