// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel

/// Programs for a hook, loaded for the first of the modes to try.
struct NewAttachment {
    private let attacher: Attacher
    private let attaching: any HookAttaching
    private let plan: HookPlan.New
    private let entries: [ChainLoader.Entry]
    private let candidates: CandidateModes
    private let chain: LoadedChain

    /// Loads the programs.
    ///
    /// - Parameter maps: where they get their own maps from.
    init(
        _ plan: HookPlan.New, _ maps: MapsSource, _ candidates: CandidateModes, _ attaching: any HookAttaching,
        _ attacher: Attacher, _ registry: borrowing Registry
    ) throws(PacketMetadataError) {
        (self.plan, self.candidates, self.attaching, self.attacher) = (plan, candidates, attaching, attacher)
        entries = plan.specs.map { ChainLoader.Entry(spec: $0, maps: maps) }
        chain = try attacher.load(entries, candidates.modes[0], registry)
    }

    /// Whether the prebuilt producer is among the programs, and cannot ask the driver.
    var isUnasked: Bool { chain.members.contains(where: \.spec.isUnasked) }
    var position: TCXPosition? { plan.position }
    var followsLast: Bool { plan.followsLast }

    /// Tries one mode after the other.
    ///
    /// - Parameter keep: attaches the programs in a mode, and sees to it that they stay.
    func attach(
        _ registry: borrowing Registry, _ keep: (LoadedChain, AttachmentMode) throws(BPFError) -> Void
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        var (chain, reason) = (chain, candidates.reason)
        for (mode, next) in zip(candidates.modes, candidates.modes.dropFirst().map(Optional.some) + [nil]) {
            do throws(BPFError) {
                try keep(chain, mode)
                return reports(chain, mode, reason)
            } catch {
                guard next != nil, let why = attaching.reasonToFallBack(from: mode, error) else {
                    throw PacketMetadataError(attaching.refusal(error, in: mode))
                }
                reason = why
            }
            if let next { chain = try attacher.load(entries, next, registry) }
        }
        preconditionFailure("the last mode returns or throws")
    }

    private func reports(_ chain: LoadedChain, _ mode: AttachmentMode, _ reason: AttachmentReport.Fallback?)
        -> [AttachmentReport]
    {
        chain.members.map { member in
            attacher.report(member.spec, mode, plan.outcome, [reason].compactMap(\.self) + member.fallbacks)
        }
    }
}
