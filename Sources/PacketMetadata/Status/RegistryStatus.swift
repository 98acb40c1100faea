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
        var places: [Located.Key: (located: Located, attachments: [Attachment])] = [:]
        for attachment in try AttachmentStore(pins).attachments() {
            let located = Located(attachment)
            places[located.key, default: (located, [])].attachments.append(attachment)
        }
        let counts = isCountingRuns
        return places.values.map { $0.located.status($0.attachments, image, counts: counts) }
            .sorted { ($0.interface, $0.ifindex, $0.hook.order) < ($1.interface, $1.ifindex, $1.hook.order) }
    }

    private var isCountingRuns: Bool {
        (try? WholeFile.text("/proc/sys/kernel/bpf_stats_enabled"))?.hasPrefix("1") ?? false
    }
}

/// Where an attachment is now, as far as this process can find out.
private final class Located {
    struct Key: Hashable {
        let netnsCookie: UInt64
        let ifindex: UInt32
        let hook: Hook
    }

    let key: Key
    /// As it was recorded.
    private let interface: String
    private let isHere: Bool
    /// nil if it is here, or was not found.
    private let elsewhere: NetworkNamespace?

    init(_ attachment: Attachment) {
        let record = attachment.record
        let hook = record.hook
        interface = record.interface
        // An interface takes its links along to another namespace, where its index may be another.
        let ifindex = (try? attachment.ifindex()) ?? record.ifindex
        let program = try? attachment.anchor.programID()
        let isThere = {
            guard let program else { return (try? NetworkNamespace.currentCookie()) == record.netnsCookie }
            return (try? hook.programIDs(ifindex: ifindex))?.contains(program) ?? false
        }
        isHere = isThere()
        elsewhere = isHere ? nil : NetworkNamespace.find(where: isThere)
        var cookie = isHere ? try? NetworkNamespace.currentCookie() : nil
        if elsewhere != nil {
            cookie = try? elsewhere?.run { () throws(Errno) in try NetworkNamespace.currentCookie() }
        }
        key = Key(netnsCookie: cookie ?? record.netnsCookie, ifindex: ifindex, hook: hook)
    }

    func status(_ attachments: [Attachment], _ image: RegistryImage, counts: Bool) -> HookStatus {
        let view = look()
        var left = attachments.map { (attachment: $0, program: try? $0.anchor.programID()) }
        var entries: [HookStatus.Entry] = []
        for occupant in view?.occupants ?? [] {
            if let index = left.firstIndex(where: { $0.program == occupant.programID }) {
                entries += left.remove(at: index).attachment.status(image, counts: counts)
            } else {
                entries.append(.other(occupant))
            }
        }
        for (attachment, _) in left { entries += attachment.status(image, counts: counts) }
        return HookStatus(
            interface: view?.interface ?? interface, ifindex: key.ifindex, namespace: namespace, hook: key.hook,
            entries: entries, isComplete: view != nil)
    }

    private func look() -> (interface: String?, occupants: [HookOccupant])? {
        let lookThere = { () -> (String?, [HookOccupant])? in
            guard let occupancy = try? HookOccupancy(ifindex: self.key.ifindex, self.key.hook) else { return nil }
            return ((try? NetworkInterface(index: self.key.ifindex))?.name, occupancy.occupants)
        }
        if isHere { return lookThere() }
        return (try? elsewhere?.run { () throws(Errno) in lookThere() }) ?? nil
    }

    private var namespace: NamespaceLabel {
        if isHere { return .here }
        if let name = try? elsewhere?.name() { return .named(name) }
        return .cookie(key.netnsCookie)
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
                    programID: program?.id, linkID: link, fields: member.fields(image), attachedAt: record.attachedAt,
                    packets: counts ? program?.runs : nil, pins: member.folders.entry.path,
                    maps: OwnMaps.pinned(in: member.folders.maps)))
        }
    }
}
