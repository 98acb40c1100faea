// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// Loads a program of an object, bound to a registry: its maps, its constants and the fields it names.
struct ProgramLoader: ~Copyable {
    let file: ObjectFile
    let image: RegistryImage
    /// Whether fields that are not registered are an error, or fold to -ENOENT.
    private let isStrict: Bool
    /// Whether somebody loads the programs anew whenever the registry's generation changes.
    let isRenewed: Bool

    /// - Parameters:
    ///   - image: the registry that the program will meet; not necessarily as it is already.
    init(_ file: ObjectFile, image: RegistryImage, isStrict: Bool, isRenewed: Bool = true) {
        self.file = file
        self.image = image
        self.isStrict = isStrict
        self.isRenewed = isRenewed
    }

    /// A program of the object, as it would be loaded.
    struct Inspected: Sendable {
        /// In the object; the kernel keeps 15 bytes of it.
        let name: String
        let hook: Hook
        let binding: ProgramBinding
        let takesFragments: Bool
        /// The program and those that it reaches by tail calls of its own.
        let reached: Set<String>
        /// Whether the object has maps that are neither the registry's nor constants.
        let hasOwnMaps: Bool
        /// What the object uses of the registry's types.
        fileprivate let used: UsedFields
    }

    /// - Parameter programName: nil if the object has just one for the hook.
    func inspect(_ programName: String?, for hook: Hook) throws(PacketMetadataError) -> Inspected {
        let object = try open(typesPath: nil)
        let choice = ProgramOfObject(file.name, object, hook)
        let program = try choice.choose(programName)
        try checkMaps(object)
        let reached = try choice.reached(from: program)
        let used = UsedFields(object)
        if isStrict { try refuseMissing(used) }
        let types = used.isEmpty ? [] : try encode(used, .nobodys)
        let binding = ProgramBinding(
            digest: digest(types), generation: image.word.pending, isBound: used.opensBound || !used.bound.isEmpty,
            hasTable: object.hasConstant(PKTMETA_TABLE_VARIABLE))
        return Inspected(
            name: program.name, hook: hook, binding: binding, takesFragments: program.section.takesFragments,
            reached: reached, hasOwnMaps: OwnMaps.areIn(object), used: used)
    }

    /// Of the prebuilt programs that look into packets: not 0 if these begin with the header of IP.
    private static let noEthernetVariable = "pktmeta_no_ethernet"

    /// Of the prebuilt TC programs: whether it will run at TC egress.
    private static let atEgressVariable = "pktmeta_at_egress"

    /// How a program is to be loaded.
    struct Terms {
        var maps = MapsSource.new
        /// For a program that asks an interface's driver.
        var device: AskedDevice?
        /// Whether it will run in generic XDP. A program that takes fragments leaves the packet's metadata 14 bytes off
        /// there (measured on Linux 6.18), so such a program is loaded as one that does not.
        var isGeneric = false
        /// Whether the packets of the interface that it will run for have one (``NetworkInterface/State``).
        var hasEthernetHeader = true
        /// Values for the object's constants, by name; else the table is that of all fields.
        var constants: [String: [UInt8]] = [:]
        /// How large maps of its own are made, by name.
        var entries: [String: Int] = [:]
    }

    func load(
        _ inspected: Inspected, in registry: borrowing Registry, _ terms: Terms = Terms()
    ) throws(PacketMetadataError) -> LoadedProgram {
        let seal = try registry.seal()
        let types = inspected.used.isEmpty ? nil : try typesFile(inspected.used, seal)
        defer { withExtendedLifetime(types) {} }  // libbpf opens the file as it loads the object
        let object = try open(typesPath: types?.path)
        do throws(BPFError) {
            let constants = [
                PKTMETA_TABLE_VARIABLE: try image.table(),
                Self.noEthernetVariable: [terms.hasEthernetHeader ? 0 : 1],
                Self.atEgressVariable: [inspected.hook == .tcEgress ? 1 : 0],
            ].merging(terms.constants) { $1 }
            for (name, bytes) in constants { _ = object.setConstant(name, to: bytes) }
            for (name, count) in terms.entries { try object.resize(name, to: count) }
            try reuseMaps(of: registry, in: object)
            try OwnMaps.reuse(object, from: terms.maps)
            let program = try object.load(
                only: inspected.name, boundTo: terms.device?.ifindex, takesFragments: !terms.isGeneric)
            if inspected.hook.isOfSockets { try SocketMaps(pins: registry.pins).pin(object) }
            try LoadedMark.put(on: program, of: registry)
            return LoadedProgram(
                object, program, inspected.binding, reached: inspected.reached,
                takesFragments: inspected.takesFragments && !terms.isGeneric && kernelTakesFragments, seal: seal)
        } catch {
            if let refusal = terms.device?.question.refused(error) { throw refusal }
            throw try refused(error, registry)
        }
    }

    /// Loads several of the object's programs, without a look at what they are.
    ///
    /// - Parameter prepare: what else is to be done to the object before it is loaded.
    func load(
        _ names: Set<String>, in registry: borrowing Registry, _ constants: [String: [UInt8]],
        preparing prepare: (borrowing BPFObject) throws(BPFError) -> Void = { _ in }
    ) throws(PacketMetadataError) -> BPFObject {
        let used = UsedFields(try open(typesPath: nil))
        let types = used.isEmpty ? nil : try typesFile(used, registry.seal())
        defer { withExtendedLifetime(types) {} }  // likewise
        let object = try open(typesPath: types?.path)
        for (name, bytes) in constants where !object.setConstant(name, to: bytes) {
            throw PacketMetadataError(LoadingRefusal.noConstant(object: file.name, constant: name, size: bytes.count))
        }
        do throws(BPFError) {
            try reuseMaps(of: registry, in: object)
            try prepare(object)
            try object.load(names)
            for name in names { try LoadedMark.put(on: object.program(name), of: registry) }
            return object
        } catch {
            throw try refused(error, registry)
        }
    }

    /// People show others what the verifier says, and it says a program's constants.
    private func refused(_ error: BPFError, _ registry: borrowing Registry) throws(PacketMetadataError)
        -> PacketMetadataError
    {
        let seal = try registry.seal()
        return PacketMetadataError(error.hidingNumbers { seal.mayBeTold(by: $0) }, needs: [.bpf, .netAdmin, .perfmon])
    }

    private func reuseMaps(of registry: borrowing Registry, in object: borrowing BPFObject) throws(BPFError) {
        try object.reuse(registry.fieldsMap, as: PKTMETA_REGISTRY_MAP)
        try SocketMaps(pins: registry.pins).reuse(in: object)
        // Of a registry of an earlier ABI, whose programs are only taken apart, the counts are left alone.
        guard object.mapShape(PKTMETA_STATE_MAP) == registry.stateMap.shape else { return }
        try object.reuse(registry.stateMap, as: PKTMETA_STATE_MAP)
    }

    func open(typesPath: String?) throws(PacketMetadataError) -> BPFObject {
        do throws(BPFError) {
            return try file.bytes.open(typesPath: typesPath)
        } catch {
            if error.errno.isScarcity { throw PacketMetadataError(error) }
            throw PacketMetadataError(
                LoadingRefusal.unreadableObject(object: file.name, said: error.reason, error.errno))
        }
    }

    // MARK: Checks

    func checkMaps(_ object: borrowing BPFObject) throws(PacketMetadataError) {
        guard let fields = object.mapShape(PKTMETA_REGISTRY_MAP) else {
            throw PacketMetadataError(LoadingRefusal.noRegistryMap(object: file.name, map: PKTMETA_REGISTRY_MAP))
        }
        let version = UsedFields.abiVersion(of: object)
        guard version == RegistryWord.abiVersion else {
            let own = RegistryWord.abiVersion
            throw PacketMetadataError(LoadingRefusal.objectOfOtherABI(object: file.name, version: version, own: own))
        }
        let state = object.mapShape(PKTMETA_STATE_MAP)
        guard fields == RegistryFolder.registryShape, state == nil || state == RegistryFolder.stateShape else {
            throw PacketMetadataError(LoadingRefusal.otherMaps(object: file.name))
        }
    }
}
