// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// A hook of a cgroup: each program has a link of its own, and the kernel runs one after the other, those of the cgroups
/// above behind them. A packet passes if all say so.
struct CgroupAttaching: HookAttaching {
    let hook: Hook
    /// The kernel's.
    let kernelHook: CgroupHook
    let cgroup: OpenCgroup

    func modes(_ asked: AttachmentMode?) -> CandidateModes { CandidateModes(modes: [asked ?? .link]) }

    func plan(
        _ specs: [ProgramSpec], _ existing: [Attachment], _ request: AttachmentRequest
    ) throws(PacketMetadataError) -> HookPlan {
        let records = existing.map(\.record)
        let arrangement = try arrangement(specs, records, request)
        return .separate(records, specs, arrangement, at: nil, request.isSame)
    }

    func link(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?
    ) throws(BPFError) -> BPFLink {
        try BPFLink.cgroup(program, cgroup.group, kernelHook)
    }

    // MARK: Refusals

    func reasonToFallBack(from mode: AttachmentMode, _ error: BPFError) -> AttachmentReport.Fallback? { nil }

    func refusal(_ error: BPFError, in mode: AttachmentMode) -> any Refusal {
        switch error.errno {
        case .argListTooLong: AttachingRefusal.hookFull(hook, error.errno)
        case .notPermitted where Capability.missing(of: [.bpf, .netAdmin]).isEmpty:
            AttachingRefusal.cgroupClosed(error.errno)
        default: KernelRefusal(error, needs: [.bpf, .netAdmin])
        }
    }
}
