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
        var places: [HookPoint: (place: AttachmentPlace, attachments: [Attachment])] = [:]
        let attachments = try AttachmentStore(pins).survey().sound
        let view = StatusView(image: image, claims: (try? pins.readClaims()) ?? Claims(), counts: isCountingRuns)
        for (attachment, place) in zip(attachments, AttachmentPlace.all(attachments, view.namespaces)) {
            let point = HookPoint(site: place.site, hook: attachment.record.hook)
            places[point, default: (place, [])].attachments.append(attachment)
        }
        return places.map { $0.value.place.status($0.value.attachments, at: $0.key.hook, view) }
            .sorted { one, other in
                if one.place == other.place { return one.hook.order < other.hook.order }
                if one.interface != nil, one.interface == other.interface { return one.order < other.order }
                return HookPlace.areInOrder(one.place, other.place)
            }
    }

    /// What is pinned among the attachments and cannot be read: commands that write refuse until ``repair()`` has removed it.
    public func damagedAttachments() throws(PacketMetadataError) -> [DamagedAttachment] {
        try AttachmentStore(pins).survey().damaged
    }

    private var isCountingRuns: Bool {
        (try? WholeFile.text("/proc/sys/kernel/bpf_stats_enabled"))?.hasPrefix("1") ?? false
    }
}

/// What the hooks of a registry are looked at with.
private struct StatusView {
    let image: RegistryImage
    let claims: Claims
    /// Whether the kernel counts runs of programs.
    let counts: Bool
    let survey = HostSurvey()
    let namespaces = KnownNamespaces()
}

extension HookStatus {
    /// Of interfaces of one name, in several network namespaces.
    fileprivate var order: (UInt32, Int) { (ifindex ?? 0, hook.order) }
}

extension AttachmentPlace {
    fileprivate func status(_ attachments: [Attachment], at hook: Hook, _ view: StatusView) -> HookStatus {
        let occupants = occupants(hook, view.survey)
        var left = attachments.map { (attachment: $0, trace: (try? $0.hold())?.trace) }
        var entries: [HookStatus.Entry] = []
        for occupant in occupants ?? [] {
            if let index = left.firstIndex(where: { $0.trace == occupant.trace(ifindex: ifindex ?? 0) }) {
                entries += left.remove(at: index).attachment.status(view)
            } else {
                entries.append(.other(occupant))
            }
        }
        for (attachment, _) in left { entries += attachment.status(view) }
        return HookStatus(
            place: named, ifindex: ifindex, hook: hook, entries: entries,
            isComplete: occupants != nil || isGone(entries))
    }

    private var ifindex: UInt32? { if case .interface(let place) = self { place.ifindex } else { nil } }

    /// All programs on the hook; nil if this process may not look.
    private func occupants(_ hook: Hook, _ survey: HostSurvey) -> [HookOccupant]? {
        switch self {
        case .interface(let place):
            return place.run { (try? HookOccupancy(ifindex: place.ifindex, hook, survey))?.occupants } ?? nil
        // The kernel takes one program, which is then the registry's.
        case .netfilter(_, _, let namespace): return namespace == nil ? nil : []
        case .cgroup(let path, let id):
            guard let kernelHook = hook.ofCgroup, let cgroup = try? OpenCgroup(path), cgroup.id == id else {
                return nil
            }
            return (try? HookOccupancy(cgroup, kernelHook, survey))?.occupants
        }
    }

    /// Whether there is nothing left to look at: what was attached is gone, and what its hook was of with it, which this
    /// process would have found if it were still there.
    private func isGone(_ entries: [HookStatus.Entry]) -> Bool {
        let areGone = entries.allSatisfy { entry in
            if case .ours(let program) = entry { [.gone, .deserted].contains(program.state) } else { false }
        }
        guard areGone else { return false }
        guard case .interface(let place) = self else { return true }
        return place.isFound ? place.nameNow == nil : Capability.missing(of: [.sysAdmin]).isEmpty
    }
}

extension HookOccupant {
    /// What its hook shows of it.
    fileprivate func trace(ifindex: UInt32) -> HookTrace {
        if mechanism != .xdpLink, let linkID { .link(linkID) } else { .program(programID, ifindex: ifindex) }
    }
}

extension Attachment {
    fileprivate func status(_ view: StatusView) -> [HookStatus.Entry] {
        let state: ProgramStatus.State
        switch try? self.state(view.namespaces) {
        case .attached: state = .attached
        case .gone: state = .gone
        case .deserted: state = .deserted
        case .outOfReach, nil: state = .unknown
        }
        let link = try? BPFLink(pinnedAt: folders.link).information.id
        var standsAt: NetfilterHook?
        if state == .attached, case .link(let link) = anchor { standsAt = (try? link.displacement()).flatMap(\.self) }
        return members.map { member in
            let record = member.record
            let program = try? ProgramInformation(BPFProgram(pinnedAt: member.folders.program))
            return .ours(
                ProgramStatus(
                    program: record.program, object: record.object.name,
                    isPrebuilt: record.object.isPrebuilt || record.isScrub, state: state, mode: record.mode,
                    standsAt: standsAt,
                    programID: program?.id, linkID: link, fields: member.fields(view.image, try? member.reach()),
                    ways: record.ways, declaredBy: view.claims.declarers(of: record.subject, recordedAs: record.owner),
                    attachedAt: record.attachedAt,
                    packets: view.counts ? program?.runs : nil, pins: member.folders.entry.path,
                    maps: OwnMaps.pinned(in: member.folders.maps)))
        }
    }
}
