// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// How and where a TC program is to be attached.
struct TCAttaching {
    let mode: AttachmentMode
    /// Among all programs of the hook; nil for behind those there are.
    let placement: Placement?
    /// Behind the program that was attached just before.
    let followsLast: Bool
}

extension Attacher {
    /// Each TC program has a link of its own: TCX runs one after the other by itself.
    func prepareTC(
        _ request: AttachmentRequest, _ image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> HookChange {
        let existing = try existing(.tcIngress)
        if request.tc != .unchanged { try refuseOtherMode(existing, request.tcMode) }
        var change = HookChange()
        guard let wanted = try wanted(request.tc, .tcIngress, existing, image) else {
            if request.tc != .unchanged {
                change.add(.leave, existing.map { report($0.record, .unchanged) })
            }
            return change
        }
        let there = existing.map(\.record.identity)
        let identities = wanted.map(identity)
        let arrangement = try arranged { () throws(ArrangementError) in
            request.joins
                ? try Arrangement(existing: there, joinedBy: identities, at: nil)
                : Arrangement(existing: there, replacedBy: identities)
        }
        let (mode, fallback) = try tcMode(request)
        let placement =
            try isInPlace(request.placement(.tcIngress), arrangement, existing) ? nil : request.placement(.tcIngress)
        for slot in arrangement.slots {
            switch slot {
            case .kept: break
            case .wanted(let index, .some(let old)) where placement == nil:
                try prepareReplacement(of: existing[old], by: wanted[index], &change, registry)
            case .wanted(let index, let old):
                // A link cannot move: the program gets a new one, and the old goes once that is attached.
                let chain = try load(wanted[index], mode, registry)
                let followsLast = change.entries.contains { if case .attachTC = $0.step { true } else { false } }
                change.add(
                    .attachTC(chain, TCAttaching(mode: mode, placement: placement, followsLast: followsLast)),
                    [report(chain.members[0].record, old == nil ? .attached : .replaced, fallback)])
                if let old { change.add(.remove(existing[old]), []) }
            }
        }
        for index in arrangement.removed {
            change.add(.remove(existing[index]), [report(existing[index].record, .detached)])
        }
        return change
    }

    private func prepareReplacement(
        of old: Attachment, by wanted: Wanted, _ change: inout HookChange, _ registry: borrowing Registry
    ) throws(PacketMetadataError) {
        if record(wanted, mode: old.record.mode).isSameProgram(as: old.record) {
            change.add(.leave, [report(old.record, .unchanged)])
        } else {
            let chain = try load(wanted, old.record.mode, registry)
            change.add(.swap(old, chain), [report(chain.members[0].record, .replaced)])
        }
    }

    private func load(
        _ wanted: Wanted, _ mode: AttachmentMode, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain {
        try LoadedChain([load(wanted, mode: mode, isAlone: true, registry)], summary: summary)
    }

    // MARK: Mode

    /// - Returns: the mode for new attachments, and why it is not TCX if nobody asked for another.
    private func tcMode(
        _ request: AttachmentRequest
    ) throws(PacketMetadataError) -> (mode: AttachmentMode, fallback: String?) {
        switch request.tcMode {
        case .tcx: return (.tcx, nil)
        case .clsact: return (.clsact, nil)
        case .auto:
            if try queryTCX() != nil { return (.tcx, nil) }
            return (.clsact, "the kernel has no TCX")
        }
    }

    private func refuseOtherMode(_ existing: [Attachment], _ mode: TCModeChoice) throws(PacketMetadataError) {
        guard mode != .auto, let other = existing.first(where: { $0.record.mode.rawValue != mode.rawValue }) else {
            return
        }
        throw PacketMetadataError(
            .taken, summary, reason: "\(other.record.program) is attached to it by \(other.record.mode.rawValue)",
            remedy: "pktmeta detach-from-interface \(ShellWord.quoted(interface.name)) --tc first.")
    }

    // MARK: Order

    /// Whether all programs that were asked for are attached, where they were asked for.
    private func isInPlace(
        _ placement: Placement?, _ arrangement: Arrangement, _ existing: [Attachment]
    ) throws(PacketMetadataError) -> Bool {
        guard let placement else { return true }
        var likes: [UInt32] = []
        for case .wanted(_, let old) in arrangement.slots {
            guard let old, let id = try programID(existing[old]) else { return false }
            likes.append(id)
        }
        let order = try tcxPrograms().programs.map(\.id)
        let others = order.filter { !likes.contains($0) }
        let position = try position(placement, among: others)
        return order == others[..<position] + likes + others[position...]
    }

    /// What `bpf(2)` takes for a place, and the revision of the hook on which that rests.
    private func tcxPosition(
        _ placement: Placement
    ) throws(PacketMetadataError) -> (position: TCXPosition, revision: UInt64) {
        let there = try tcxPrograms()
        let ids = there.programs.map(\.id)
        let position: TCXPosition
        switch placement {
        case .first: position = .first
        case .last: position = .last
        case .before(let word): position = .before(.program(ids[try index(of: word, among: ids)]))
        case .after(let word): position = .after(.program(ids[try index(of: word, among: ids)]))
        }
        return (position, there.revision)
    }

    private func position(_ placement: Placement, among ids: [UInt32]) throws(PacketMetadataError) -> Int {
        switch placement {
        case .first: 0
        case .last: ids.count
        case .before(let word): try index(of: word, among: ids)
        case .after(let word): try index(of: word, among: ids) + 1
        }
    }

    /// - Parameter word: a program's number or its name, of which the kernel keeps 15 bytes.
    private func index(of word: String, among ids: [UInt32]) throws(PacketMetadataError) -> Int {
        if let index = ids.firstIndex(where: { String($0) == word }) { return index }
        var names: [String?] = []
        for id in ids { names.append(try? ProgramInformation(id: id).name) }
        let meant = ids.indices.filter { names[$0] == String(word.prefix(ProgramInformation.nameLength)) }
        let list = zip(ids, names).map { id, name in name.map { "\($0) (id \(id))" } ?? "program \(id)" }
            .joined(separator: ", ")
        guard let index = meant.first else {
            throw PacketMetadataError(
                .notFound, summary, reason: "its TC ingress has no program \(word)",
                remedy: ids.isEmpty
                    ? nil : NearestName.question(word, among: names.compactMap(\.self)) + "It has \(list).")
        }
        guard meant.count == 1 else {
            throw PacketMetadataError(
                .usage, summary, reason: "\(word) may be any of \(list)", remedy: "Name one by its id.")
        }
        return index
    }

    private func tcxPrograms() throws(PacketMetadataError) -> TCXPrograms {
        if let programs = try queryTCX() { return programs }
        throw PacketMetadataError(
            .unsupported, summary, reason: "an order among TC programs takes TCX, which came with Linux 6.6")
    }

    private func queryTCX() throws(PacketMetadataError) -> TCXPrograms? {
        do throws(BPFError) {
            return try TCXPrograms.query(ifindex: interface.index, .ingress)
        } catch {
            throw PacketMetadataError(error, summary, needs: [.netAdmin])
        }
    }

    // MARK: Attaching

    /// - Parameter last: the program that the same request attached just before.
    func attach(
        _ chain: LoadedChain, _ attaching: TCAttaching, behind last: UInt32?, _ journal: AttachmentJournal
    ) throws(PacketMetadataError) {
        if attaching.mode == .clsact { return try attachFilter(chain, attaching, journal) }
        var attempts = 10
        while true {
            var position = TCXPosition.last
            var revision: UInt64?
            if let placement = attaching.placement {
                if attaching.followsLast, let last {
                    position = .after(.program(last))
                } else {
                    (position, revision) = try tcxPosition(placement)
                }
            }
            do throws(BPFError) {
                return try journal.add(place(.tcIngress), chain) { (folders) throws(BPFError) in
                    try BPFLink.tcx(
                        chain.first.program, ifindex: interface.index, .ingress, at: position, revision: revision
                    ).pin(at: folders.link)
                }
            } catch {
                // Somebody else has changed the hook between the look and the call.
                attempts -= 1
                guard error.errno == .staleNFSFileHandle, attempts > 0 else { throw tcRefusal(error) }
            }
        }
    }

    private func attachFilter(
        _ chain: LoadedChain, _ attaching: TCAttaching, _ journal: AttachmentJournal
    ) throws(PacketMetadataError) {
        guard attaching.placement == nil || attaching.placement == .last else {
            throw PacketMetadataError(
                .unsupported, summary, reason: "an order among TC programs takes TCX, and not clsact")
        }
        do throws(BPFError) {
            try journal.add(place(.tcIngress), chain) { (folders) throws(BPFError) in
                try InterfaceWitness(of: interface.index).pin(at: folders.witness)
                try FilterAnchor.attach(chain.first.program, ifindex: interface.index)
            }
        } catch {
            throw PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
        }
    }

    func tcRefusal(_ error: BPFError) -> PacketMetadataError {
        switch error.errno {
        case .outOfRange:
            PacketMetadataError(
                .taken, summary, reason: "as many programs as the kernel allows are attached to its TC ingress (ERANGE)"
            )
        case .invalidArgument:
            PacketMetadataError(
                .unsupported, summary, reason: "the kernel has no TCX links (EINVAL); they came with Linux 6.6")
        case .staleNFSFileHandle:
            PacketMetadataError(
                .busy, summary, reason: "others keep changing its TC ingress (ESTALE)", remedy: "Try again.")
        default:
            PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
        }
    }
}
