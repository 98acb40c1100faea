// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// The hooks of something, of this thread's network namespace if it is of one: what is there, and how programs are loaded for
/// them.
struct Attacher {
    let target: any AttachmentTarget
    /// What the command has read and loaded.
    let programs: CommandPrograms
    /// What was asked for.
    let action: Action

    init(_ target: any AttachmentTarget, programs: CommandPrograms, action: Action) {
        self.target = target
        self.programs = programs
        self.action = action
    }

    /// One of each interface, in the order of their names; of an interface that is named twice, one.
    ///
    /// - Parameter action: what was asked for of an interface.
    static func all(
        _ names: [String], programs: CommandPrograms, for action: (String) -> Action
    ) throws(PacketMetadataError) -> [Attacher] {
        let interfaces = try NetworkInterface.find(names, for: action)
        let netns = Self.netns
        return try all(
            interfaces, programs, for: { action($0.name) },
            target: { (interface) throws(PacketMetadataError) in try HookInterface(interface, netns: netns) })
    }

    /// One of each place of netfilter.
    static func all(
        _ hooks: [NetfilterHook], programs: CommandPrograms, for action: (String) -> Action
    ) throws(PacketMetadataError) -> [Attacher] {
        let netns = Self.netns
        return try all(
            hooks, programs, for: { action($0.description) },
            target: { (hook) throws(PacketMetadataError) in try NetfilterTarget(hook, netns: netns) })
    }

    /// One of each cgroup.
    ///
    /// - Parameter hooks: those that are asked for.
    static func all(
        _ cgroups: [FilePath], takesRoot: Bool, hooks: [Hook], programs: CommandPrograms,
        for action: (String) -> Action
    ) throws(PacketMetadataError) -> [Attacher] {
        let attachers = try all(
            cgroups, programs, for: { action($0.string) },
            target: { (path) throws(PacketMetadataError) in
                try CgroupTarget(path, takesRoot: takesRoot, for: hooks)
            })
        // One may be named by several paths.
        var seen: Set<HookSite> = []
        return attachers.filter { seen.insert($0.target.site.site).inserted }
    }

    private static func all<Name>(
        _ names: [Name], _ programs: CommandPrograms, for action: (Name) -> Action,
        target: (Name) throws(PacketMetadataError) -> any AttachmentTarget
    ) throws(PacketMetadataError) -> [Attacher] {
        var attachers: [Attacher] = []
        for name in names {
            let target = try doing(action(name)) { () throws(PacketMetadataError) in try target(name) }
            attachers.append(Attacher(target, programs: programs, action: action(name)))
        }
        return attachers
    }

    /// The name of this thread's network namespace; nil if it has none.
    private static var netns: String? { (try? NetworkNamespace.current().name()).flatMap(\.self) }

    // MARK: What is there

    /// What this registry has attached to a hook, in the order in which it runs; also if an interface came from another
    /// namespace.
    func existing(_ hook: Hook, among index: AttachmentIndex) throws(PacketMetadataError) -> [Attachment] {
        let programs: [HookProgram]?
        do throws(BPFError) {
            programs = try target.programs(hook)
        } catch {
            throw PacketMetadataError(error, needs: [.netAdmin])
        }
        guard let programs else { return try index.attachments(at: target.point(hook)) }
        return try index.attachments(at: target.point(hook), having: programs)
    }

    // MARK: Loading

    /// Loads programs that are new to a hook.
    func load(
        _ entries: [ChainLoader.Entry], _ mode: AttachmentMode, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain {
        try loader(entries[0].spec.hook, mode, isAttached: false).load(entries, in: registry)
    }

    func loader(_ hook: Hook, _ mode: AttachmentMode, isAttached: Bool) -> ChainLoader {
        ChainLoader(
            mode: mode, hasEthernetHeader: target.hasEthernetHeader, device: target.device(isAttached: isAttached),
            share: programs.share(target.point(hook)))
    }

    // MARK: Reports

    /// - Parameter fallbacks: why the mode is not the one asked for first, or what a program does not do here.
    func report(
        _ spec: ProgramSpec, _ mode: AttachmentMode, _ outcome: AttachmentReport.Outcome,
        _ fallbacks: [AttachmentReport.Fallback]
    ) -> AttachmentReport {
        AttachmentReport(
            place: target.place, hook: spec.hook, program: spec.name, mode: mode, outcome: outcome, fallbacks: fallbacks
        )
    }

    /// - Parameter fallbacks: likewise.
    func report(
        _ record: AttachmentRecord, _ outcome: AttachmentReport.Outcome, _ fallbacks: [AttachmentReport.Fallback] = []
    ) -> AttachmentReport {
        AttachmentReport(
            place: target.place, hook: record.hook, program: record.program, mode: record.mode, outcome: outcome,
            fallbacks: fallbacks)
    }

    func reports(
        _ attachment: Attachment, _ outcome: AttachmentReport.Outcome, _ fallbacks: [AttachmentReport.Fallback] = []
    ) -> [AttachmentReport] {
        attachment.members.map { report($0.record, outcome, fallbacks) }
    }
}
