// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// TC ingress or egress: each program has a link of its own, or a filter where the kernel has no TCX, and the kernel runs
/// one after the other.
struct TCAttaching: HookAttaching {
    let direction: TrafficDirection
    let interface: HookInterface

    var hook: Hook { Hook(direction) }

    func modes(_ asked: AttachmentMode?) throws(PacketMetadataError) -> CandidateModes {
        if let asked { return CandidateModes(modes: [asked]) }
        let hasTCX = try TCXOrder.query(interface, direction) != nil
        let modes = hook.modes.filter { $0 != .tcx || hasTCX }
        return CandidateModes(modes: [modes[0]], reason: hasTCX ? nil : .noTCX)
    }

    func plan(
        _ specs: [ProgramSpec], _ existing: [Attachment], _ request: AttachmentRequest
    ) throws(PacketMetadataError) -> HookPlan {
        let records = existing.map(\.record)
        let arrangement = try arrangement(specs, records, request)
        let placement =
            if let placement = request.placement(hook) { placement } else { try order(request, arrangement) }
        let position = try position(placement, arrangement, existing, request.mode(hook))
        return .separate(records, specs, arrangement, at: position, request.isSame)
    }

    /// Behind all others, if programs that are declared do not run in their order: a link cannot move, and so all get new ones.
    /// Filters run in the order of their priorities, which is the kernel's affair.
    private func order(_ request: AttachmentRequest, _ arrangement: Arrangement) throws(PacketMetadataError)
        -> Placement?
    {
        guard request.isDeclared, !arrangement.isWantedOrder, request.mode(hook) != .clsact,
            try TCXOrder.query(interface, direction) != nil
        else { return nil }
        return .last
    }

    /// - Returns: nil if no place was asked for, or all programs wanted are in it.
    private func position(
        _ placement: Placement?, _ arrangement: Arrangement, _ existing: [Attachment], _ mode: AttachmentMode?
    ) throws(PacketMetadataError) -> TCXPosition? {
        guard let placement else { return nil }
        guard let order = try TCXOrder.query(interface, direction) else {
            throw PacketMetadataError(AttachingRefusal.orderTakesTCX(kernelHasTCX: false))
        }
        let position = try order.position(placement)
        if mode == .clsact, placement != .last {
            throw PacketMetadataError(AttachingRefusal.orderTakesTCX(kernelHasTCX: true))
        }
        var likes: [UInt32] = []
        for case .wanted(_, let old) in arrangement.slots {
            guard let old, let id = try existing[old].hold()?.programID else { return position }
            likes.append(id)
        }
        return try order.has(likes, at: placement) ? nil : position
    }

    func link(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?
    ) throws(BPFError) -> BPFLink {
        try BPFLink.tcx(program, ifindex: interface.index, direction, at: position ?? .last)
    }

    func attach(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?,
        pinnedIn folders: Attachment.Folders
    ) throws(BPFError) {
        guard mode == .clsact else { return try link(program, mode, at: position).pin(at: folders.link) }
        try InterfaceWitness(of: interface.index).pin(at: folders.witness)
        try FilterAnchor.attach(program, ifindex: interface.index, direction)
    }

    // MARK: Refusals

    private var hasNoEgressFilters: Bool {
        direction == .egress && (try? ClsactQdisc.hasEgress(ifindex: interface.index)) == false
    }

    /// Which mode the kernel has was asked before.
    func reasonToFallBack(from mode: AttachmentMode, _ error: BPFError) -> AttachmentReport.Fallback? { nil }

    func refusal(_ error: BPFError, in mode: AttachmentMode) -> any Refusal {
        switch error.errno {
        case .outOfRange where mode == .tcx: AttachingRefusal.hookFull(hook, error.errno)
        case .invalidArgument where mode == .tcx: AttachingRefusal.noTCXLinks(error.errno)
        case .noSuchFileOrDirectory where mode == .tcx: AttachingRefusal.neighbourGone(hook, error.errno)
        case .invalidArgument where mode == .clsact && hasNoEgressFilters:
            AttachingRefusal.noEgressFilters(interface: interface.name)
        default: KernelRefusal(error, needs: [.bpf, .netAdmin])
        }
    }
}
