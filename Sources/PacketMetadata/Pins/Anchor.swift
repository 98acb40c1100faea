// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// What holds the first program of an attachment at its hook.
enum Anchor: Sendable {
    case link(LinkAnchor)
    case filter(FilterAnchor)

    enum State: Equatable {
        case attached(Hold)
        /// What its hook is of is, or somebody has let go of it.
        case gone
        /// Attached in a network namespace that nothing else is found to keep alive (``KnownNamespaces/isDeserted(_:)``).
        case deserted(Hold)
        /// This process may not enter the network namespace to look.
        case outOfReach
    }

    func state() throws(BPFError) -> State {
        switch self {
        case .link(let link): return try link.state()
        case .filter(let filter): return try filter.state()
        }
    }

    /// How the program at the hook is held; nil if there is none, or this process may not know.
    func hold() throws(BPFError) -> Hold? { if case .attached(let hold) = try state() { hold } else { nil } }

    /// - Throws: EPERM, EINVAL or ENOENT if another program is attached by now.
    func update(to program: borrowing BPFProgram, replacing attached: borrowing BPFProgram) throws(BPFError) {
        switch self {
        case .link(let link): try link.update(to: program, replacing: attached)
        case .filter(let filter): try filter.update(to: program, replacing: attached)
        }
    }

    /// - Throws: EPERM for a filter whose network namespace is not found, or may not be entered.
    func refuseIfOutOfReach() throws(BPFError) {
        if case .filter(let filter) = self { try filter.refuseIfOutOfReach() }
    }

    /// Pins are left.
    func letGo() throws(BPFError) {
        switch self {
        case .link(let link): link.letGo()
        case .filter(let filter): try filter.letGo()
        }
    }
}

extension Attachment.Folders {
    /// Also of what is half made or half gone: a link is pinned last and goes first, and a record is there before
    /// anything is attached.
    var anchor: Anchor {
        // A link that cannot be looked for is looked for by whoever asks for its state.
        guard (try? link.exists()) == false, let point = filterPoint, let direction = point.hook.tcDirection,
            case .interface(let netnsCookie, let ifindex) = point.site
        else {
            return .link(LinkAnchor(folders: self))
        }
        return .filter(
            FilterAnchor(
                ifindex: ifindex, direction: direction, netnsCookie: netnsCookie, witness: witness,
                programs: [current.member(0).program, next.member(0).program]))
    }

    /// Where its filter is, in clsact mode; nil in others. Without a record that can be read, its name says where.
    private var filterPoint: HookPoint? {
        if let record { return record.mode == .clsact ? record.point : nil }
        guard (try? witness.exists()) == true else { return nil }
        return HookPoint(attachmentNamed: entry.name)
    }
}

extension Attachment.Folders {
    /// Of its first program, whichever that is.
    var record: AttachmentRecord? { current.record ?? next.record }
}

extension Attachment.ChainFolder {
    fileprivate var record: AttachmentRecord? {
        try? AttachmentRecord(map: BPFMap(pinnedAt: member(0).record, readOnly: true))
    }
}

extension Attachment {
    var anchor: Anchor { folders.anchor }
}
