// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// What holds the first program of an attachment at its hook.
enum Anchor: Sendable {
    /// Pinned there. Good in whatever network namespace this thread is.
    case link(FolderEntry)
    case filter(FilterAnchor)

    enum State: Equatable {
        case attached(Hold)
        /// The interface is, or somebody has let go of it.
        case gone
        /// This process may not enter the network namespace to look.
        case outOfReach
    }

    func state() throws(BPFError) -> State {
        switch self {
        case .link(let pin):
            guard let link = try Self.information(pin), link.ifindex != 0 else { return .gone }
            return .attached(Hold(link))
        case .filter(let filter): return try filter.state()
        }
    }

    /// How the program at the hook is held; nil if there is none, or this process may not know.
    func hold() throws(BPFError) -> Hold? { if case .attached(let hold) = try state() { hold } else { nil } }

    /// - Throws: EPERM, EINVAL or ENOENT if another program is attached by now.
    func update(to program: borrowing BPFProgram, replacing attached: borrowing BPFProgram) throws(BPFError) {
        switch self {
        case .link(let pin): try BPFLink(pinnedAt: pin).update(to: program, replacing: attached)
        case .filter(let filter): try filter.update(to: program, replacing: attached)
        }
    }

    /// - Throws: EPERM for a filter whose network namespace is not found, or may not be entered.
    func refuseIfOutOfReach() throws(BPFError) {
        if case .filter(let filter) = self { try filter.refuseIfOutOfReach() }
    }

    func letGo() throws(BPFError) {
        switch self {
        case .link(let pin):
            // A link whose last pin goes is let go of only after a grace period: the hook would be taken a while longer.
            // If this fails, unlinking does it.
            do { try BPFLink(pinnedAt: pin).detach() } catch {}
            do throws(Errno) {
                try pin.unlink()
            } catch {
                throw BPFError("unlink \(pin)", error)
            }
        case .filter(let filter): try filter.letGo()
        }
    }

    private static func information(_ pin: FolderEntry) throws(BPFError) -> LinkInformation? {
        do throws(BPFError) {
            return try BPFLink(pinnedAt: pin).information
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }
}

extension Attachment.Folders {
    /// Also of what is half made or half gone: a link is pinned last and goes first, and a record is there before
    /// anything is attached.
    var anchor: Anchor {
        // A link that cannot be looked for is looked for by whoever asks for its state.
        guard (try? link.exists()) == false, let point = filterPoint, let direction = point.hook.direction else {
            return .link(link)
        }
        return .filter(
            FilterAnchor(
                ifindex: point.ifindex, direction: direction, netnsCookie: point.netnsCookie, witness: witness,
                programs: [current.member(0).program, next.member(0).program]))
    }

    /// Where its filter is, in clsact mode; nil in others. Without a record that can be read, its name says where.
    private var filterPoint: HookPoint? {
        if let record = current.record ?? next.record { return record.mode == .clsact ? record.point : nil }
        guard (try? witness.exists()) == true else { return nil }
        return HookPoint(attachmentNamed: entry.name)
    }
}

extension Attachment.ChainFolder {
    fileprivate var record: AttachmentRecord? {
        try? AttachmentRecord(map: BPFMap(pinnedAt: member(0).record, readOnly: true))
    }
}

extension Attachment {
    var anchor: Anchor { folders.anchor }
}
