// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

extension Registry {
    /// The hooks that this registry has programs on, with all that is there. Takes no lock and changes nothing.
    ///
    /// What this process may not know is left open: without CAP_SYS_ADMIN other namespaces and others' programs, without
    /// write access to a pin the state of its link.
    public func status() throws(PacketMetadataError) -> [HookStatus] {
        let image = try image()
        var places: [AttachmentPlace.Key: (place: AttachmentPlace, attachments: [Attachment])] = [:]
        let attachments = try AttachmentStore(pins).survey().sound
        for (attachment, place) in zip(attachments, AttachmentPlace.all(attachments)) {
            places[place.key, default: (place, [])].attachments.append(attachment)
        }
        let counts = isCountingRuns
        let survey = HostSurvey()
        return places.values.map { $0.place.status($0.attachments, image, counts: counts, survey) }
            .sorted { ($0.interface, $0.ifindex, $0.hook.order) < ($1.interface, $1.ifindex, $1.hook.order) }
    }

    /// What is pinned among the attachments and cannot be read: commands that write refuse until ``repair()`` has removed it.
    public func damagedAttachments() throws(PacketMetadataError) -> [DamagedAttachment] {
        try AttachmentStore(pins).survey().damaged
    }

    private var isCountingRuns: Bool {
        (try? WholeFile.text("/proc/sys/kernel/bpf_stats_enabled"))?.hasPrefix("1") ?? false
    }
}

extension AttachmentPlace {
    fileprivate struct Key: Hashable {
        let netnsCookie: UInt64
        let ifindex: UInt32
        let hook: Hook
    }

    fileprivate var key: Key { Key(netnsCookie: netnsCookie, ifindex: ifindex, hook: hook) }

    fileprivate func status(
        _ attachments: [Attachment], _ image: RegistryImage, counts: Bool, _ survey: HostSurvey
    ) -> HookStatus {
        let occupants = occupants(survey)
        var left = attachments.map { (attachment: $0, trace: (try? $0.hold())?.trace) }
        var entries: [HookStatus.Entry] = []
        for occupant in occupants ?? [] {
            if let index = left.firstIndex(where: { $0.trace == occupant.trace(ifindex: ifindex) }) {
                entries += left.remove(at: index).attachment.status(image, counts: counts)
            } else {
                entries.append(.other(occupant))
            }
        }
        for (attachment, _) in left { entries += attachment.status(image, counts: counts) }
        return HookStatus(
            interface: interface, ifindex: ifindex, namespace: namespace, hook: hook, entries: entries,
            isComplete: occupants != nil || isGone(entries))
    }

    private func occupants(_ survey: HostSurvey) -> [HookOccupant]? {
        run { (try? HookOccupancy(ifindex: ifindex, hook, survey))?.occupants } ?? nil
    }

    /// Whether there is nothing left to look at: what was attached is gone, and its interface with it, which this process
    /// would have found if it were still there.
    private func isGone(_ entries: [HookStatus.Entry]) -> Bool {
        let areGone = entries.allSatisfy { entry in
            if case .ours(let program) = entry { program.state == .gone } else { false }
        }
        guard areGone else { return false }
        return isFound ? nameNow == nil : Capability.missing(of: [.sysAdmin]).isEmpty
    }
}

extension HookOccupant {
    /// What its hook shows of it.
    fileprivate func trace(ifindex: UInt32) -> HookTrace {
        if mechanism == .tcxLink, let linkID { .tcxLink(linkID) } else { .program(programID, ifindex: ifindex) }
    }
}

extension Attachment {
    fileprivate func status(_ image: RegistryImage, counts: Bool) -> [HookStatus.Entry] {
        let state: ProgramStatus.State
        switch try? anchor.state() {
        case .attached: state = .attached
        case .gone: state = .gone
        case .outOfReach, nil: state = .unknown
        }
        let link = try? BPFLink(pinnedAt: folders.link).information.id
        return members.map { member in
            let record = member.record
            let program = try? ProgramInformation(BPFProgram(pinnedAt: member.folders.program))
            return .ours(
                ProgramStatus(
                    program: record.program, object: record.object.name,
                    isPrebuilt: record.object.isPrebuilt || record.isScrub, state: state, mode: record.mode,
                    programID: program?.id, linkID: link, fields: member.fields(image, try? member.reach()),
                    attachedAt: record.attachedAt,
                    packets: counts ? program?.runs : nil, pins: member.folders.entry.path,
                    maps: OwnMaps.pinned(in: member.folders.maps)))
        }
    }
}
