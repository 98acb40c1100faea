// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// TC ingress: each program has a link of its own, or a filter where the kernel has no TCX, and the kernel runs one after
/// the other.
struct TCAttaching: HookAttaching {
    let hook = Hook.tcIngress
    let option = "--tc"
    let interface: HookInterface
    let summary: String

    func modes(_ asked: AttachmentMode?) throws(PacketMetadataError) -> CandidateModes {
        if let asked { return CandidateModes(modes: [asked]) }
        let hasTCX = try TCXOrder.query(interface, summary) != nil
        let modes = hook.modes.filter { $0 != .tcx || hasTCX }
        return CandidateModes(modes: [modes[0]], reason: hasTCX ? nil : "the kernel has no TCX")
    }

    func plan(
        _ specs: [ProgramSpec], _ existing: [Attachment], _ request: AttachmentRequest
    ) throws(PacketMetadataError) -> HookPlan {
        let records = existing.map(\.record)
        let there = records.map(\.identity)
        let identities = specs.map(\.identity)
        let arrangement = try arranged { () throws(ArrangementError) in
            request.joins
                ? try Arrangement(existing: there, joinedBy: identities, at: nil)
                : Arrangement(existing: there, replacedBy: identities)
        }
        let position = try position(request.placement(hook), arrangement, existing, request.tcMode)
        return .separate(records, specs, arrangement, at: position)
    }

    /// - Returns: nil if no place was asked for, or all programs wanted are in it.
    private func position(
        _ placement: Placement?, _ arrangement: Arrangement, _ existing: [Attachment], _ mode: AttachmentMode?
    ) throws(PacketMetadataError) -> TCXPosition? {
        guard let placement else { return nil }
        guard let order = try TCXOrder.query(interface, summary) else {
            throw PacketMetadataError(
                .unsupported, summary, reason: "an order among TC programs takes TCX, which came with Linux 6.6")
        }
        let position = try order.position(placement)
        if mode == .clsact, placement != .last {
            throw PacketMetadataError(
                .unsupported, summary, reason: "an order among TC programs takes TCX, and not clsact")
        }
        var likes: [UInt32] = []
        for case .wanted(_, let old) in arrangement.slots {
            guard let old, let id = try existing[old].programID(summary) else { return position }
            likes.append(id)
        }
        return try order.has(likes, at: placement) ? nil : position
    }

    func link(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?
    ) throws(BPFError) -> BPFLink {
        try BPFLink.tcx(program, ifindex: interface.index, .ingress, at: position ?? .last)
    }

    func attach(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?,
        pinnedIn folders: Attachment.Folders
    ) throws(BPFError) {
        guard mode == .clsact else { return try link(program, mode, at: position).pin(at: folders.link) }
        try InterfaceWitness(of: interface.index).pin(at: folders.witness)
        try FilterAnchor.attach(program, ifindex: interface.index)
    }

    // MARK: Refusals

    /// Which mode the kernel has was asked before.
    func reasonToFallBack(from mode: AttachmentMode, _ error: BPFError) -> String? { nil }

    func refusal(_ error: BPFError, in mode: AttachmentMode) -> PacketMetadataError {
        if mode == .clsact { return PacketMetadataError(error, summary, needs: [.bpf, .netAdmin]) }
        switch error.errno {
        case .outOfRange:
            return PacketMetadataError(
                .taken, summary, reason: "as many programs as the kernel allows are attached to its TC ingress (ERANGE)"
            )
        case .invalidArgument:
            return PacketMetadataError(
                .unsupported, summary, reason: "the kernel has no TCX links (EINVAL); they came with Linux 6.6")
        case .noSuchFileOrDirectory:
            return PacketMetadataError(
                .busy, summary,
                reason: "the program beside which it is to run has just gone from its TC ingress (ENOENT)",
                remedy: "Try again.")
        default: return PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
        }
    }

    func refusal(ofOtherMode attached: AttachmentRecord) -> PacketMetadataError {
        PacketMetadataError(
            .taken, summary, reason: "\(attached.program) is attached to it by \(attached.mode.rawValue)",
            remedy: "pktmeta detach-from-interface \(ShellWord.quoted(interface.name)) \(option) first.")
    }
}
