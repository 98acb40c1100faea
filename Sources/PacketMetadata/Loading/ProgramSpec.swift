// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// A program as it is to be loaded: chosen from its object and looked at, but not in the kernel.
struct ProgramSpec: Sendable {
    let object: ObjectFile
    let program: ProgramLoader.Inspected
    /// The registry that the program will meet; not necessarily as it is already.
    let image: RegistryImage
    /// Values for the object's constants, by name; the table is that of all fields unless it is among them.
    var constants: [String: [UInt8]] = [:]
    /// How large maps of the program's own are made, by name.
    var entries: [String: Int] = [:]
    /// Of the prebuilt programs that answer sockets; else none.
    private(set) var ways: SocketWays = []
    /// Who declares that it is attached; empty if nobody does.
    var owner = ""

    /// - Parameters:
    ///   - name: the program's; nil if the object has just one for the hook.
    ///   - isStrict: whether fields that are not registered are an error, or fold to -ENOENT.
    /// - Throws: `badData`, `notFound` or `incompatibleABI` for what is wrong with the object.
    init(
        _ object: ObjectFile, _ name: String?, for hook: Hook, _ image: RegistryImage, isStrict: Bool
    ) throws(PacketMetadataError) {
        let loader = ProgramLoader(object, image: image, isStrict: isStrict)
        self.object = object
        self.image = image
        program = try loader.inspect(name, for: hook)
    }

    /// The same program for a registry that has changed: of the prebuilt producer, the build that the registry takes.
    /// Fields that have gone fold to -ENOENT.
    func rebuilt(for image: RegistryImage) throws(PacketMetadataError) -> ProgramSpec {
        try rebuilt(from: object.build(for: image), for: image)
    }

    /// The same program that asks no driver: hardware fields are not set.
    func withoutDevice() throws(PacketMetadataError) -> ProgramSpec {
        try rebuilt(from: ObjectFile(.plain), for: image)
    }

    private func rebuilt(
        from object: ObjectFile, for image: RegistryImage
    ) throws(PacketMetadataError) -> ProgramSpec {
        var spec = try ProgramSpec(object, name, for: hook, image, isStrict: false)
        (spec.constants, spec.entries, spec.ways, spec.owner) = (constants, entries, ways, owner)
        return spec
    }

    /// The same program of those that answer sockets, for these ways.
    func answering(_ ways: SocketWays) throws(PacketMetadataError) -> ProgramSpec {
        if ways.isEmpty { return self }
        var spec = self
        spec.ways = ways
        spec.constants[SocketSettings.variable] = try SocketSettings(ways: ways, capacity: image.word.capacity)
            .encoded()
        return spec
    }

    var name: String { program.name }
    var hook: Hook { program.hook }

    /// Whether it asks the driver of the interface that it is attached to.
    var asksDevice: Bool { object.producer == .hardware }

    /// Whether it is the prebuilt producer, and sets no hardware field although the registry has some.
    var isUnasked: Bool { object.producer == .plain && image.producerBuild == .hardware }

    /// What users know the program by.
    var identity: ProgramIdentity { ProgramIdentity(object, program: name) }
}

extension ProgramIdentity {
    init(_ object: ObjectFile, program: String) {
        self.init(object: object.isPrebuilt ? Self.prebuilt : object.shortName, program: program)
    }
}

extension ObjectFile {
    /// The prebuilt object for a hook of an interface.
    init(prebuiltFor hook: Hook, _ image: RegistryImage) {
        if hook == .xdp { self.init(image.producerBuild) } else { self.init(.consumer) }
    }
}
