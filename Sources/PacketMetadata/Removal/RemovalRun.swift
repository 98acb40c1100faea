// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Removes what was found, and looks again: what is told is what is so afterwards.
struct RemovalRun {
    private let registries: RegistrySearch
    private let search: HookSearch
    private let before: HookSearch.View

    init(_ registries: RegistrySearch, _ search: HookSearch, _ before: HookSearch.View) {
        self.registries = registries
        self.search = search
        self.before = before
    }

    /// The kernel lets go of programs and maps some time after nothing holds them, and a pktmeta that has lost its links or
    /// its registry ends by itself.
    private static let patience = Duration.seconds(3)
    private static let step: UInt32 = 50

    func items() -> [HostRemoval.Item] {
        // What has no pin first: by the registry, if it is killed, the next run knows whose it is.
        let pinned = Set(registries.found.flatMap(\.programs).map(\.id))
        var gone = letGo(before.hits.filter { !pinned.contains($0.programID) }).dead
        let ofRegistries = registries.found.map { HostRemoval.Item($0.part, outcome(of: $0)) }
        // What is pinned has gone with its registry; something may have been attached meanwhile.
        let (errors, dead) = letGo(search.look().hits)
        gone.formUnion(dead)
        let qdiscs = before.qdiscs.map { HostRemoval.Item(.qdisc($0), outcome(ofQdisc: $0)) }
        let programs = Set(before.hits.filter { $0.foreign == nil && !isKept($0) }.map(\.programID))
            .union(registries.removable.filter { !isThere($0) }.flatMap(\.programs).map(\.id))
        let left = registries.found.filter(isThere)
        var remains = Remains(search.look(besides: gone), programs, left)
        let deadline = ContinuousClock.now + Self.patience
        while remains.mayGo, ContinuousClock.now < deadline {
            Pause.sleep(milliseconds: Self.step)
            remains = Remains(search.look(besides: gone), programs, left)
        }
        let after = remains.view
        return ofRegistries + self.items(before.hits, after.hits, errors) + qdiscs + remains.items
            + after.unseen.map(HostRemoval.Item.init(unseen:))
    }

    // MARK: Registries

    private func outcome(of found: FoundRegistry) -> HostRemoval.Outcome {
        if let refusal = found.refusal { return .left(refusal) }
        do throws(PacketMetadataError) {
            try remove(found)
            return .removed
        } catch {
            if !isThere(found), let others = try? found.pins.folder.entry.contents(), !others.isEmpty {
                return .kept(
                    reason:
                        "the registry is removed, and its folder is not: \(others.joined(separator: ", ")) in it is "
                        + "not pktmeta's")
            }
            return .left(error)
        }
    }

    /// As `delete-registry` does, if it can; else by what is pinned, whatever that is.
    private func remove(_ found: FoundRegistry) throws(PacketMetadataError) {
        let path = found.pins.path
        do throws(PacketMetadataError) {
            try Registry.remove(
                at: path, trustsOwner: registries.request.trustsOwner, waiting: registries.waiting,
                recording: registries.recording)
        } catch {
            switch error.kind {
            case .notFound: return
            case .missingPrivilege, .busy: throw error
            default: break
            }
            do throws(BPFError) {
                let programs = Set(found.programs.map(\.id))
                for hit in before.hits where hit.filter != nil && programs.contains(hit.programID) { try letGo(hit) }
            } catch {
                throw PacketMetadataError(error, needs: [.netAdmin])
            }
            try removeSteerings(found.pins)
            try found.pins.removeByPins()
            found.pins.record(.deleted)
        }
    }

    /// As far as they are such: with the sockets taken out, so that applications get the kernel's choice.
    private func removeSteerings(_ pins: RegistryPins) throws(PacketMetadataError) {
        try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try SteeringStore(pins).removeAll { pins.record(.steeringDeleted($0.text)) }
            } catch {
                // What stands in the way goes with the pins.
                if [.missingPrivilege, .busy].contains(error.kind) { throw error }
            }
        }
    }

    private func isThere(_ found: FoundRegistry) -> Bool { (try? found.pins.isEmpty) != true }

    /// Whether the registry whose program it is could not be removed: then that is what is said, and a filter would be lost
    /// with its pins.
    private func isKept(_ hit: HookSearch.Hit) -> Bool {
        registries.removable.contains { found in
            isThere(found) && found.programs.contains { $0.id == hit.programID }
        }
    }

    private func record(_ event: RegistryChange.Event) {
        registries.recording(RegistryChange(registry: nil, event: event))
    }

    // MARK: Hooks

    /// - Returns: why some could not be, and links of netfilter that were, which do not tell that they are detached.
    private func letGo(_ hits: [HookSearch.Hit]) -> (errors: [HookSearch.Hit: BPFError], dead: Set<UInt32>) {
        var errors: [HookSearch.Hit: BPFError] = [:]
        var dead: Set<UInt32> = []
        for hit in hits where hit.foreign == nil && !isKept(hit) {
            do throws(BPFError) {
                try letGo(hit)
                if case .link(let link, _, _, _, _) = hit.part { dead.insert(link) }
                if let event = hit.event { record(event) }
            } catch {
                errors[hit] = error
            }
        }
        return (errors, dead)
    }

    private func letGo(_ hit: HookSearch.Hit) throws(BPFError) {
        if let filter = hit.filter, case .program(let place, _, _) = hit.part {
            try place.run { () throws(BPFError) in
                try filter.detach(hit.programID)
                try ClsactQdisc.removeIfUnused(ifindex: place.ifindex)
            }
        } else if let link = hit.linkID {
            do throws(BPFError) {
                try BPFLink(id: link).detach()
            } catch {
                if error.errno != .noSuchFileOrDirectory { throw error }
            }
        }
    }

    private func items(
        _ before: [HookSearch.Hit], _ after: [HookSearch.Hit], _ errors: [HookSearch.Hit: BPFError]
    ) -> [HostRemoval.Item] {
        let isNew = { (hit: HookSearch.Hit) in !before.contains { $0.isSame(as: hit) } }
        return (before + after.filter(isNew)).map { hit in
            HostRemoval.Item(hit.part, outcome(of: hit, after, errors.first { $0.key.isSame(as: hit) }?.value))
        }
    }

    private func outcome(of hit: HookSearch.Hit, _ after: [HookSearch.Hit], _ error: BPFError?) -> HostRemoval.Outcome {
        if let foreign = hit.foreign { return .kept(reason: foreign) }
        guard after.contains(where: { $0.isSame(as: hit) }) else { return .removed }
        if let error { return .left(PacketMetadataError(error, needs: [.sysAdmin, .netAdmin])) }
        return .left(isKept(hit) ? .registryLeft : .attached)
    }

    private func outcome(ofQdisc place: HostRemoval.Place) -> HostRemoval.Outcome {
        do throws(BPFError) {
            return try place.run { () throws(BPFError) in
                try ClsactQdisc.removeIfUnused(ifindex: place.ifindex)
                if try ClsactQdisc.isMarked(ifindex: place.ifindex) { return .isUsed }
                record(.removed("the clsact qdisc of \(place.interface)"))
                return .removed
            }
        } catch {
            return .left(PacketMetadataError(error, needs: [.sysAdmin, .netAdmin]))
        }
    }
}

extension HookSearch.Hit {
    /// What it is that it was let go of.
    fileprivate var event: RegistryChange.Event? {
        switch part {
        case .program(let place, let occupant, _):
            let mode = occupant.mode ?? (occupant.filter == nil ? .tcx : .clsact)
            return .attachment(
                AttachmentReport(
                    place: .interface(
                        place.interface, place.namespace == .here ? .cookie(place.netnsCookie) : place.namespace),
                    hook: place.hook, program: occupant.programName ?? "program \(occupant.programID)", mode: mode,
                    outcome: .detached, fallbacks: []))
        case .link(let id, _, let program, let name, _):
            return .removed("link \(id) of program \(name ?? String(program))")
        default: return nil
        }
    }

    fileprivate func isSame(as other: HookSearch.Hit) -> Bool {
        programID == other.programID && linkID == other.linkID && filter == other.filter && place == other.place
    }

    private var place: HostRemoval.Place? { if case .program(let place, _, _) = part { place } else { nil } }
}
