// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// Loads programs for a hook of an interface: the one way, whether they are new there or take the place of others, and
/// whoever holds them.
struct ChainLoader {
    let mode: AttachmentMode
    /// Whether packets at the hook begin with one.
    let hasEthernetHeader: Bool
    /// nil if no program asks a driver.
    let device: DeviceAccess?
    /// With whom programs are shared that would be alike; nil if with nobody.
    var share: SharedChains.Share?

    /// A program with the maps that it is to have.
    struct Entry {
        let spec: ProgramSpec
        var maps = MapsSource.new
    }

    /// Loads programs, unless they are loaded already for others that are alike.
    ///
    /// - Throws: `badData` if the verifier refuses one, or they cannot run one after the other; `missingPrivilege`.
    func load(_ entries: [Entry], in registry: borrowing Registry) throws(PacketMetadataError) -> LoadedChain {
        guard let share, let likeness = SharedChains.Likeness(entries, mode, hasEthernetHeader: hasEthernetHeader)
        else { return try loadAnew(entries, registry) }
        return try share.chains.chain(likeness, at: share.place) { () throws(PacketMetadataError) in
            try loadAnew(entries, registry)
        }
    }

    private func loadAnew(_ entries: [Entry], _ registry: borrowing Registry) throws(PacketMetadataError) -> LoadedChain
    {
        var members: [LoadedChain.Member] = []
        for entry in entries {
            members.append(try member(entry, isAlone: entries.count == 1, registry))
        }
        return try LoadedChain(members)
    }

    /// Where the driver cannot be asked, the producer that would ask it is loaded as the one that does not.
    private func member(
        _ entry: Entry, isAlone: Bool, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain.Member {
        do throws(PacketMetadataError) {
            return LoadedChain.Member(spec: entry.spec, loaded: try load(entry, isAlone: isAlone, registry))
        } catch {
            guard entry.spec.asksDevice, DriverQuestion.isUnanswerable(error) else { throw error }
            let plain = try entry.spec.withoutDevice()
            let loaded = try load(Entry(spec: plain, maps: entry.maps), isAlone: isAlone, registry)
            return LoadedChain.Member(spec: plain, loaded: loaded, fallbacks: [.driverNotAsked(error)])
        }
    }

    private func load(
        _ entry: Entry, isAlone: Bool, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedProgram {
        let spec = entry.spec
        let loader = ProgramLoader(spec.object, image: spec.image, isStrict: true)
        var terms = ProgramLoader.Terms(
            maps: entry.maps, isGeneric: mode == .generic, hasEthernetHeader: hasEthernetHeader,
            constants: spec.constants, entries: spec.entries)
        guard spec.asksDevice, let device else { return try loader.load(spec.program, in: registry, terms) }
        let question = DriverQuestion(
            device.interface, spec.image, registered: try registry.image(), isAttached: device.isAttached)
        if mode != .native { throw question.refused(.genericMode) }
        if !isAlone { throw question.refused(.chain) }
        let loaded = try device.run { (ifindex) throws(PacketMetadataError) in
            try question.refuseIfUnknown(toDriverOf: ifindex)
            terms.device = AskedDevice(ifindex: ifindex, question: question)
            return try loader.load(spec.program, in: registry, terms)
        }
        guard let loaded else { throw question.refused(.otherNamespace) }
        return loaded
    }
}

/// How a program that asks an interface's driver is bound to the interface, which takes the network namespace of that.
struct DeviceAccess {
    typealias Loading = (_ ifindex: UInt32) throws(PacketMetadataError) -> LoadedProgram

    let interface: String
    /// Whether this registry has a program attached there.
    let isAttached: Bool
    /// Loads a program in the interface's network namespace; nil if that is not found, or may not be entered.
    let run: (_ load: Loading) throws(PacketMetadataError) -> LoadedProgram?
}
