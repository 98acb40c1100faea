// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// XDP: one link holds all of a registry's programs, by the first, which hands packets on.
struct XDPAttaching: HookAttaching {
    let hook = Hook.xdp
    let option = "--xdp"
    let interface: HookInterface
    let summary: String

    func modes(_ asked: AttachmentMode?) -> CandidateModes {
        CandidateModes(modes: asked.map { [$0] } ?? hook.modes)
    }

    func plan(
        _ specs: [ProgramSpec], _ existing: [Attachment], _ request: AttachmentRequest
    ) throws(PacketMetadataError) -> HookPlan {
        let records = existing.first?.members.map(\.record) ?? []
        let there = records.map(\.identity)
        let identities = specs.map(\.identity)
        if there.isEmpty { return .chain([], specs, Arrangement(existing: [], replacedBy: identities)) }
        let arrangement = try arranged { () throws(ArrangementError) in
            request.joins
                ? try Arrangement(existing: there, joinedBy: identities, at: request.placement(hook))
                : Arrangement(existing: there, replacedBy: identities)
        }
        return .chain(records, specs, arrangement)
    }

    func link(
        _ program: borrowing BPFProgram, _ mode: AttachmentMode, at position: TCXPosition?
    ) throws(BPFError) -> BPFLink {
        guard let mode = mode.xdp else { throw BPFError("attach \(program.name)", .invalidArgument) }
        return try BPFLink.xdp(program, ifindex: interface.index, mode: mode)
    }

    // MARK: Refusals

    func reasonToFallBack(from mode: AttachmentMode, _ error: BPFError) -> String? {
        XDPRefusal(error, interface.network)?.withoutNative
    }

    func refusal(_ error: BPFError, in mode: AttachmentMode) -> PacketMetadataError {
        if mode == .native, let refusal = XDPRefusal(error, interface.network) { return refusal.error(summary) }
        switch error.errno {
        case .notSupported:
            return PacketMetadataError(
                .unsupported, summary, reason: "the driver has no \(mode.rawValue) XDP (EOPNOTSUPP)",
                remedy: "--mode generic works with any driver.")
        case .resourceBusy, .fileExists:
            let holder = holder()
            return PacketMetadataError(
                .taken, summary, reason: "\(holder.text) holds its XDP hook (\(error.errno.name))",
                remedy: holder.wayOut)
        default:
            return PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
        }
    }

    private func holder() -> (text: String, wayOut: String) {
        let occupants = (try? HookOccupancy(ifindex: interface.index, .xdp))?.occupants ?? []
        guard let occupant = occupants.first else { return ("another program", "Its owner should detach it.") }
        return (occupant.description, occupant.wayOut(interface.name))
    }

    func refusal(ofOtherMode attached: AttachmentRecord) -> PacketMetadataError {
        PacketMetadataError(
            .taken, summary, reason: "\(attached.program) is attached to it in \(attached.mode.rawValue) mode",
            remedy:
                "A link keeps its mode: pktmeta detach-from-interface \(ShellWord.quoted(interface.name)) \(option) first."
        )
    }
}
