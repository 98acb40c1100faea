// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// The hooks of one interface, as a request finds them: reads, loads and decides, but attaches nothing.
struct Attacher {
    let store: AttachmentStore
    let interface: NetworkInterface
    let netnsCookie: UInt64
    /// The same namespace as people know it.
    let namespace: HookStatus.Namespace
    let hasEthernetHeader: Bool
    let summary: String

    /// - Parameter netns: the name of this thread's network namespace; nil if it has none.
    init(
        _ interface: NetworkInterface, netns: String? = nil, store: AttachmentStore, summary: String
    ) throws(PacketMetadataError) {
        self.interface = interface
        do throws(Errno) {
            netnsCookie = try NetworkNamespace.currentCookie()
            namespace = netns.map { .named($0) } ?? .cookie(netnsCookie)
        } catch {
            throw PacketMetadataError(error, summary, doing: "ask for the network namespace's cookie")
        }
        do throws(Errno) {
            hasEthernetHeader = try interface.state().hasEthernetHeader
        } catch {
            throw PacketMetadataError(error, summary, doing: "ask for the interface's state")
        }
        self.store = store
        self.summary = summary
    }

    /// Each interface once: it may be named by several of its names.
    ///
    /// - Parameter summary: what was asked for, of the interface whose name follows.
    static func interfaces(
        _ names: [String], _ summary: String
    ) throws(PacketMetadataError) -> [NetworkInterface] {
        var interfaces: [NetworkInterface] = []
        for name in names {
            let interface = try interface(name, "\(summary) \(name)")
            if !interfaces.contains(where: { $0.index == interface.index }) { interfaces.append(interface) }
        }
        return interfaces
    }

    /// One each, for each interface once.
    static func attachers(
        _ names: [String], store: AttachmentStore, _ summary: String
    ) throws(PacketMetadataError) -> [Attacher] {
        let interfaces = try interfaces(names, summary)
        let netns = (try? NetworkNamespace.current().name()).flatMap(\.self)
        var attachers: [Attacher] = []
        for interface in interfaces {
            attachers.append(
                try Attacher(interface, netns: netns, store: store, summary: "\(summary) \(interface.name)"))
        }
        return attachers
    }

    static func interface(_ name: String, _ summary: String) throws(PacketMetadataError) -> NetworkInterface {
        do throws(Errno) {
            return try NetworkInterface(named: name)
        } catch {
            throw PacketMetadataError(
                .notFound, summary, reason: "there is no such interface (\(error.name))",
                remedy: NearestName.question(name, among: ((try? NetworkInterface.all()) ?? []).map(\.name))
                    + "ip link lists those of a network namespace; --netns names another namespace.")
        }
    }

    func place(_ hook: Hook) -> AttachmentStore.Place {
        AttachmentStore.Place(netnsCookie: netnsCookie, ifindex: interface.index, hook: hook)
    }

    // MARK: What is there

    /// What this registry has attached to a hook, in the order in which it runs; also if the interface came from
    /// another namespace.
    func existing(_ hook: Hook) throws(PacketMetadataError) -> [Attachment] {
        let programs = try programIDs(hook)
        for attachment in try store.attachments(at: place(hook)) where try !isHere(attachment, programs) {
            // Of an interface that had this index here and lives on in another namespace.
            try store.setAside(attachment, summary)
        }
        if !programs.isEmpty { try store.adopt(place(hook), holding: programs) }
        var found: [(attachment: Attachment, position: Int)] = []
        for attachment in try store.attachments(at: place(hook)) {
            let position = try programID(attachment).flatMap { programs.firstIndex(of: $0) }
            found.append((attachment, position ?? programs.count))
        }
        return found.sorted { $0.position < $1.position }.map(\.attachment)
    }

    private func isHere(_ attachment: Attachment, _ programs: [UInt32]) throws(PacketMetadataError) -> Bool {
        try programID(attachment).map(programs.contains) ?? false
    }

    func programID(_ attachment: Attachment) throws(PacketMetadataError) -> UInt32? {
        do throws(BPFError) {
            return try attachment.anchor.programID()
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    private func programIDs(_ hook: Hook) throws(PacketMetadataError) -> [UInt32] {
        do throws(BPFError) {
            return try Self.programIDs(hook, ifindex: interface.index)
        } catch {
            throw PacketMetadataError(error, summary, needs: [.netAdmin])
        }
    }

    /// Of all programs on a hook, in the order in which they run.
    static func programIDs(_ hook: Hook, ifindex: UInt32) throws(BPFError) -> [UInt32] {
        switch hook {
        case .xdp: return try attachedXDPProgramID(ifindex: ifindex).map { [$0] } ?? []
        case .tcIngress:
            let programs = try TCXPrograms.query(ifindex: ifindex, .ingress)?.programs.map(\.id) ?? []
            return try programs + TCFilter.filters(ifindex: ifindex).compactMap(\.programID)
        }
    }

    // MARK: What is wanted

    /// A program that is to be attached, not loaded yet.
    struct Wanted {
        let object: ObjectFile
        let program: ProgramLoader.Inspected
        let image: RegistryImage
        let attachedAt = Clock.realtime

        var asksDevice: Bool { object.producer == .hardware }
    }

    /// - Returns: nil if the hook is to be left as it is.
    func wanted(
        _ selection: ProgramSelection, _ hook: Hook, _ existing: [Attachment], _ image: RegistryImage
    ) throws(PacketMetadataError) -> [Wanted]? {
        switch selection {
        case .unchanged: return nil
        case .prebuiltUnlessOwn:
            let hasOwn = existing.flatMap(\.members).contains { !$0.record.object.isPrebuilt }
            return hasOwn ? nil : try wanted([.prebuilt], hook, image)
        case .programs(let choices): return try wanted(choices, hook, image)
        }
    }

    func wanted(
        _ choices: [ProgramChoice], _ hook: Hook, _ image: RegistryImage
    ) throws(PacketMetadataError) -> [Wanted] {
        var programs: [Wanted] = []
        for choice in choices { programs.append(try wanted(choice, hook, image)) }
        try refuseTwice(programs.map(identity))
        return programs
    }

    /// The same for a registry that has changed. Fields that have gone fold to -ENOENT.
    func wanted(_ before: [Wanted], _ image: RegistryImage) throws(PacketMetadataError) -> [Wanted] {
        var programs: [Wanted] = []
        for old in before { programs.append(try rebuilt(old, as: old.object.build(for: image), image)) }
        return programs
    }

    private func rebuilt(
        _ old: Wanted, as object: ObjectFile, _ image: RegistryImage
    ) throws(PacketMetadataError) -> Wanted {
        let loader = ProgramLoader(object, image: image, isStrict: false, summary: summary)
        let program = try loader.inspect(old.program.name, for: old.program.hook)
        return Wanted(object: object, program: program, image: image)
    }

    private func wanted(
        _ choice: ProgramChoice, _ hook: Hook, _ image: RegistryImage
    ) throws(PacketMetadataError) -> Wanted {
        let object: ObjectFile
        var name: String?
        switch choice {
        case .prebuilt: object = ObjectFile(prebuiltFor: hook, image)
        case .scrub: object = .scrub
        case .object(let path, let program):
            object = try ObjectFile(path: path)
            name = program
        }
        let loader = ProgramLoader(object, image: image, isStrict: true, summary: summary)
        return Wanted(object: object, program: try loader.inspect(name, for: hook), image: image)
    }

    private func refuseTwice(_ identities: [ProgramIdentity]) throws(PacketMetadataError) {
        guard let twice = identities.first(where: { one in identities.count(where: { $0 == one }) > 1 }) else { return }
        throw PacketMetadataError(.usage, summary, reason: "\(twice) is named twice for one hook")
    }

    func identity(_ wanted: Wanted) -> ProgramIdentity {
        record(wanted, mode: .native).identity  // the mode is no part of it
    }

    func record(_ wanted: Wanted, mode: AttachmentMode) -> AttachmentRecord {
        AttachmentRecord(
            hook: wanted.program.hook, mode: mode, ifindex: interface.index, netnsCookie: netnsCookie,
            attachedAt: wanted.attachedAt, revision: wanted.image.revision, binding: wanted.program.binding,
            interface: interface.name, program: wanted.program.name, object: wanted.object,
            hasEthernetHeader: hasEthernetHeader,
            isUnasked: wanted.object.producer == .plain && wanted.image.producerBuild == .hardware)
    }

    // MARK: Loading

    /// Loads a program. Where the driver cannot be asked, the producer that would ask it is loaded as the one that does
    /// not: hardware fields are not set there.
    func load(
        _ wanted: Wanted, mode: AttachmentMode, isAlone: Bool, after earlier: ProgramLoader.Loaded? = nil,
        _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain.Member {
        do throws(PacketMetadataError) {
            return try loadAsIs(wanted, mode: mode, isAlone: isAlone, after: earlier, registry)
        } catch {
            guard wanted.asksDevice, HardwareRefusal.isCause(of: error) else { throw error }
            let plain = try rebuilt(wanted, as: ObjectFile(.plain), wanted.image)
            var member = try loadAsIs(plain, mode: mode, isAlone: isAlone, after: earlier, registry)
            member.shortfall = error.reason
            return member
        }
    }

    private func loadAsIs(
        _ wanted: Wanted, mode: AttachmentMode, isAlone: Bool, after earlier: ProgramLoader.Loaded?,
        _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain.Member {
        var terms = ProgramLoader.Terms(
            earlier: earlier, isGeneric: mode == .generic, hasEthernetHeader: hasEthernetHeader)
        if wanted.asksDevice {
            let refusal = refusal(wanted.image)
            if mode == .generic { throw refusal.genericMode }
            if !isAlone { throw refusal.chained }
            terms.device = AskedDevice(ifindex: interface.index, refusal: refusal)
        }
        let loader = ProgramLoader(wanted.object, image: wanted.image, isStrict: true, summary: summary)
        let loaded = try loader.load(wanted.program, in: registry, terms)
        return LoadedChain.Member(record: record(wanted, mode: mode), loaded: loaded)
    }

    func refusal(_ image: RegistryImage) -> HardwareRefusal {
        HardwareRefusal(summary, interface.name, image, registered: image)
    }

    // MARK: Words

    func arranged(
        _ decide: () throws(ArrangementError) -> Arrangement
    ) throws(PacketMetadataError) -> Arrangement {
        do throws(ArrangementError) {
            return try decide()
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    func report(
        _ member: LoadedChain.Member, _ outcome: AttachmentReport.Outcome, _ fallback: String? = nil
    ) -> AttachmentReport {
        let told = [fallback, member.shortfall].compactMap(\.self).joined(separator: "; ")
        return report(member.record, outcome, told.isEmpty ? nil : told)
    }

    func report(
        _ record: AttachmentRecord, _ outcome: AttachmentReport.Outcome, _ fallback: String? = nil
    ) -> AttachmentReport {
        AttachmentReport(
            interface: interface.name, namespace: namespace, hook: record.hook, program: record.program,
            mode: record.mode,
            outcome: outcome, fallback: fallback)
    }
}

extension PacketMetadataError {
    init(_ error: ArrangementError, _ summary: String) {
        func list(_ programs: [ProgramIdentity]) -> String { programs.map(\.description).joined(separator: ", ") }
        switch error {
        case .notThere(let word, let there):
            self.init(
                .notFound, summary, reason: "this registry has no program \(word) attached there",
                remedy: there.isEmpty
                    ? nil
                    : NearestName.question(word, among: there.flatMap { [$0.program, $0.file] })
                        + "It has \(list(there)).")
        case .ambiguous(let word, let meant):
            self.init(
                .usage, summary, reason: "\(word) may be any of \(list(meant))", remedy: "Name one as OBJECT:PROGRAM.")
        }
    }
}
