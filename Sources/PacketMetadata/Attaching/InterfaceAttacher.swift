// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// The hooks of one interface of this thread's network namespace: what is there, and how programs are loaded for them.
struct InterfaceAttacher {
    let interface: HookInterface
    /// What the command has read and loaded.
    let programs: CommandPrograms
    /// What was asked for.
    let action: Action

    /// - Parameter netns: the name of this thread's network namespace; nil if it has none.
    init(
        _ interface: NetworkInterface, netns: String? = nil, programs: CommandPrograms, action: Action
    ) throws(PacketMetadataError) {
        self.interface = try doing(action) { () throws(PacketMetadataError) in
            try HookInterface(interface, netns: netns)
        }
        self.programs = programs
        self.action = action
    }

    /// One of each interface, in the order of their names; of an interface that is named twice, one.
    ///
    /// - Parameter action: what was asked for of an interface.
    static func all(
        _ names: [String], programs: CommandPrograms, for action: (String) -> Action
    ) throws(PacketMetadataError) -> [InterfaceAttacher] {
        let interfaces = try NetworkInterface.find(names, for: action)
        let netns = (try? NetworkNamespace.current().name()).flatMap(\.self)
        var attachers: [InterfaceAttacher] = []
        for interface in interfaces {
            attachers.append(
                try InterfaceAttacher(interface, netns: netns, programs: programs, action: action(interface.name)))
        }
        return attachers
    }

    // MARK: What is there

    /// What this registry has attached to a hook, in the order in which it runs; also if the interface came from
    /// another namespace.
    func existing(_ hook: Hook, among index: AttachmentIndex) throws(PacketMetadataError) -> [Attachment] {
        let programs: [HookProgram]
        do throws(BPFError) {
            programs = try hook.programs(ifindex: interface.index)
        } catch {
            throw PacketMetadataError(error, needs: [.netAdmin])
        }
        return try index.attachments(at: interface.point(hook), having: programs)
    }

    // MARK: Loading

    /// Loads programs that are new to a hook.
    func load(
        _ entries: [ChainLoader.Entry], _ mode: AttachmentMode, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain {
        try loader(entries[0].spec.hook, mode, isAttached: false).load(entries, in: registry)
    }

    func loader(_ hook: Hook, _ mode: AttachmentMode, isAttached: Bool) -> ChainLoader {
        let ifindex = interface.index
        let device = DeviceAccess(interface: interface.name, isAttached: isAttached) {
            load throws(PacketMetadataError) in
            try load(ifindex)
        }
        return ChainLoader(
            mode: mode, hasEthernetHeader: interface.hasEthernetHeader, device: device,
            share: programs.share(interface.point(hook)))
    }

    // MARK: Reports

    /// - Parameter fallbacks: why the mode is not the one asked for first, or what a program does not do here.
    func report(
        _ spec: ProgramSpec, _ mode: AttachmentMode, _ outcome: AttachmentReport.Outcome,
        _ fallbacks: [AttachmentReport.Fallback]
    ) -> AttachmentReport {
        AttachmentReport(
            interface: interface.name, namespace: interface.namespace, hook: spec.hook, program: spec.name, mode: mode,
            outcome: outcome, fallbacks: fallbacks)
    }

    /// - Parameter fallbacks: likewise.
    func report(
        _ record: AttachmentRecord, _ outcome: AttachmentReport.Outcome, _ fallbacks: [AttachmentReport.Fallback] = []
    ) -> AttachmentReport {
        AttachmentReport(
            interface: interface.name, namespace: interface.namespace, hook: record.hook, program: record.program,
            mode: record.mode, outcome: outcome, fallbacks: fallbacks)
    }

    func reports(
        _ attachment: Attachment, _ outcome: AttachmentReport.Outcome, _ fallbacks: [AttachmentReport.Fallback] = []
    ) -> [AttachmentReport] {
        attachment.members.map { report($0.record, outcome, fallbacks) }
    }
}
