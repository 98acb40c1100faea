// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Netfilter: the kernel takes one BPF program at each place, which a priority is a part of, by a link.
struct NetfilterAttaching: HookAttaching {
    let hook = Hook.netfilter
    let place: NetfilterHook

    func modes(_ asked: AttachmentMode?) throws(PacketMetadataError) -> CandidateModes {
        if !kernelHasNetfilterPrograms { throw PacketMetadataError(AttachingRefusal.noNetfilterPrograms) }
        return CandidateModes(modes: [asked ?? .link])
    }

    func plan(
        _ specs: [ProgramSpec], _ existing: [Attachment], _ request: AttachmentRequest
    ) throws(PacketMetadataError) -> HookPlan {
        // Before the program is loaded for it, which such a kernel refuses without a word of why.
        _ = try modes(nil)
        guard specs.count == 1 else { throw PacketMetadataError(AttachingRefusal.onlyOneProgram(hook)) }
        let records = existing.map(\.record)
        if case .declared(let upkeep) = request.standing, let other = records.first(where: { !upkeep.owns($0) }),
            !request.isSame(other, specs[0])
        {
            throw PacketMetadataError(AttachingRefusal.onlyOneProgram(hook))
        }
        let arrangement = Arrangement(existing: records.map(\.identity), replacedBy: specs.map(\.identity))
        return .separate(records, specs, arrangement, at: nil, request.isSame)
    }

    func link(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?
    ) throws(BPFError) -> BPFLink {
        try BPFLink.netfilter(program, at: place.position(mode))
    }

    // MARK: Refusals

    func reasonToFallBack(from mode: AttachmentMode, _ error: BPFError) -> AttachmentReport.Fallback? { nil }

    func refusal(_ error: BPFError, in mode: AttachmentMode) -> any Refusal {
        let errno = error.errno
        return switch errno {
        case .resourceBusy, .fileExists: AttachingRefusal.priorityTaken(place, by: holders, errno)
        case .outOfRange: AttachingRefusal.reservedPriority(place, defragments: mode == .defragmenting, errno)
        case _ where mode == .defragmenting && [.notSupported, .noSuchFileOrDirectory].contains(errno):
            AttachingRefusal.noDefragmenting(errno)
        case .addressFamilyNotSupported: AttachingRefusal.noFamily(place.family, errno)
        default: KernelRefusal(error, needs: [.bpf, .netAdmin])
        }
    }

    /// Who has that place, in whatever network namespace: a link does not tell which is its. None if this process may not
    /// list links.
    private var holders: [AttachingRefusal.Neighbour] {
        let links = (try? LinkInformation.all()) ?? []
        return links.filter { link in
            guard case .netfilter(let position) = link.kind else { return false }
            return NetfilterHook(position) == place
        }
        .map {
            AttachingRefusal.Neighbour(
                programID: $0.programID, name: try? ProgramInformation(id: $0.programID).name)
        }
    }
}
