// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// XDP: one link holds all of a registry's programs, by the first, which hands packets on.
struct XDPAttaching: HookAttaching {
    let hook = Hook.xdp
    let interface: HookInterface

    func modes(_ asked: AttachmentMode?) -> CandidateModes {
        if let asked { return CandidateModes(modes: [asked]) }
        if let driver = DriverWithoutArea(interface.network) {
            return CandidateModes(modes: [.generic], reason: .notNative(.noAreaInNativeXDP(driver)))
        }
        return CandidateModes(modes: hook.modes)
    }

    func plan(
        _ specs: [ProgramSpec], _ existing: [Attachment], _ request: AttachmentRequest
    ) throws(PacketMetadataError) -> HookPlan {
        let records = existing.first?.members.map(\.record) ?? []
        if records.isEmpty {
            return .chain([], specs, Arrangement(existing: [], replacedBy: specs.map(\.identity)), request.isSame)
        }
        let arrangement = try arrangement(specs, records, request, at: request.placement(hook))
        return .chain(records, specs, arrangement, request.isSame)
    }

    func refuseIfTaken() throws(PacketMetadataError) {
        // Whom the kernel does not tell of, it refuses as something is attached.
        guard let holder = (try? HookOccupancy(ifindex: interface.index, hook))?.holder else { return }
        throw PacketMetadataError(AttachingRefusal.hookTaken(holder, interface: interface.name, .resourceBusy))
    }

    func link(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?
    ) throws(BPFError) -> BPFLink {
        guard let mode = mode.xdp else { throw BPFError("attach \(program.name)", .invalidArgument) }
        return try BPFLink.xdp(program, ifindex: interface.index, mode: mode)
    }

    // MARK: Refusals

    func reasonToFallBack(from mode: AttachmentMode, _ error: BPFError) -> AttachmentReport.Fallback? {
        guard let refusal = InterfaceRefusal(ofNativeMode: error, interface.network), refusal.isEndedByGenericMode
        else { return nil }
        return .notNative(refusal)
    }

    func refusal(_ error: BPFError, in mode: AttachmentMode) -> any Refusal {
        if mode == .native, let refusal = InterfaceRefusal(ofNativeMode: error, interface.network) { return refusal }
        let errno = error.errno
        switch errno {
        case .notSupported: return AttachingRefusal.noXDPMode(mode, errno)
        case .resourceBusy, .fileExists:
            let occupants = (try? HookOccupancy(ifindex: interface.index, .xdp))?.occupants ?? []
            return AttachingRefusal.hookTaken(occupants.first, interface: interface.name, errno)
        default: return KernelRefusal(error, needs: [.bpf, .netAdmin])
        }
    }
}
