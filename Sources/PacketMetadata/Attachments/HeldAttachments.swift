// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel

/// Programs that are attached for as long as this value, or the process, lives: nothing is pinned.
///
/// Other processes that change the registry do not know of them, so they follow it by ``follow(_:)``. Until then access
/// by id is as good as ever, and bound access may be refused; neither gives a wrong value.
public final class HeldAttachments {
    /// What a hook has, by one link.
    private struct Held {
        let attacher: Attacher
        let wanted: [Attacher.Wanted]
        let mode: AttachmentMode
        let chain: LoadedChain
        let link: HeldLink
    }

    private final class HeldLink {
        let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    private var held: [Held] = []
    /// The registry that the programs were loaded for.
    private var image: RegistryImage
    public private(set) var reports: [AttachmentReport] = []
    private let pins: RegistryPins

    fileprivate init(_ image: RegistryImage, _ pins: RegistryPins) {
        self.image = image
        self.pins = pins
    }

    /// The kernel detaches as the links are closed, which is right behind this.
    deinit {
        for report in reports { pins.record(.attachment(report.detached)) }
    }

    fileprivate func attachXDP(
        _ choices: [ProgramChoice], _ request: AttachmentRequest, _ attacher: Attacher, _ registry: borrowing Registry
    ) throws(PacketMetadataError) {
        let wanted = try attacher.wanted(choices, .xdp, image)
        let new = try attacher.newChain(wanted, request.mode, registry)
        var kept: (chain: LoadedChain, link: HeldLink)?
        let reports = try attacher.attach(new, registry) { (chain, link) throws(BPFError) in
            kept = (chain, HeldLink(try link()))
        }
        guard let kept else { return }
        hold(attacher, wanted, kept.chain, kept.link, reports)
    }

    fileprivate func attachTC(
        _ choice: ProgramChoice, _ request: AttachmentRequest, _ attacher: Attacher, _ registry: borrowing Registry
    ) throws(PacketMetadataError) {
        let wanted = try attacher.wanted([choice], .tcIngress, image)
        let member = try attacher.load(wanted[0], mode: .tcx, isAlone: true, registry)
        let chain = try LoadedChain([member], summary: attacher.summary)
        let link: HeldLink
        do throws(BPFError) {
            link = HeldLink(try BPFLink(tcxIngress: chain.first.program, ifindex: attacher.interface.index))
        } catch {
            throw attacher.tcRefusal(error)
        }
        hold(attacher, wanted, chain, link, [attacher.report(chain.members[0], .attached)])
    }

    private func hold(
        _ attacher: Attacher, _ wanted: [Attacher.Wanted], _ chain: LoadedChain, _ link: HeldLink,
        _ reports: [AttachmentReport]
    ) {
        held.append(
            Held(attacher: attacher, wanted: wanted, mode: chain.members[0].record.mode, chain: chain, link: link))
        self.reports += reports
        for report in reports { pins.record(.held(report)) }
    }

    /// Loads the programs anew if the registry has changed, and swaps them in with no packet unprocessed in between.
    ///
    /// To be called in the network namespace of the interfaces, every so often.
    ///
    /// - Throws: `notFound` if an interface or the registry has gone.
    public func follow(_ registry: borrowing Registry) throws(PacketMetadataError) {
        try refuseIfGone()
        try refuseIfGone(registry)
        let now = try registry.image()
        guard now != image else { return }
        for index in held.indices { held[index] = try renewed(held[index], now, registry) }
        image = now
    }

    private func renewed(
        _ held: Held, _ image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> Held {
        var members: [LoadedChain.Member] = []
        let wanted = try held.attacher.wanted(held.wanted, image)
        for (program, old) in zip(wanted, held.chain.members) {
            members.append(
                try held.attacher.load(
                    program, mode: held.mode, isAlone: wanted.count == 1, after: old.loaded, registry))
        }
        let chain = try LoadedChain(members, summary: held.attacher.summary)
        do throws(BPFError) {
            try held.link.link.update(to: chain.first.program, replacing: held.chain.first.program)
            // A packet that is still on its way along the old chain, or an old program's tail calls, must find its end.
            if members.count > 1 || members[0].loaded.makesTailCalls { try waitForRunningPrograms() }
        } catch {
            try refuseIfGone()
            throw PacketMetadataError(error, held.attacher.summary, needs: [.bpf, .netAdmin])
        }
        return Held(
            attacher: held.attacher, wanted: wanted, mode: held.mode, chain: chain, link: held.link)
    }

    /// Nobody can change or inspect by its path what these programs go by.
    private func refuseIfGone(_ registry: borrowing Registry) throws(PacketMetadataError) {
        let names = Set(held.map(\.attacher.interface.name)).sorted().joined(separator: ", ")
        let summary = "cannot stay attached to \(names)"
        guard try registry.isReplaced(summary) else { return }
        throw PacketMetadataError(
            .notFound, summary, reason: "the registry \(registry.path) was removed, or replaced by another")
    }

    private func refuseIfGone() throws(PacketMetadataError) {
        for held in held {
            do throws(BPFError) {
                if try held.link.link.information.ifindex != 0 { continue }
            } catch {
                throw PacketMetadataError(error, held.attacher.summary)
            }
            throw PacketMetadataError(
                .notFound, "cannot stay attached to \(held.attacher.interface.name)", reason: "the interface is gone")
        }
    }
}

extension Registry {
    /// Attaches programs to interfaces of this thread's network namespace for as long as what it returns lives.
    ///
    /// - Throws: as ``attach(_:to:)``; `usage` if the request is to join what is attached, or for a filter, which would
    ///   outlive the process.
    public func hold(
        _ request: AttachmentRequest, on interfaceNames: [String]
    ) throws(PacketMetadataError) -> HeldAttachments {
        let summary = "cannot attach to \(interfaceNames.joined(separator: ", "))"
        guard !request.joins, request.placement == nil, request.tcMode != .clsact else {
            throw PacketMetadataError(
                .usage, summary, reason: "what is not pinned has no --join, no place among others and no clsact mode")
        }
        return try registeringMissing(request, summary) { () throws(PacketMetadataError) in
            let image = try image()
            try refuseIfDamaged(image, summary)
            try refuseIfTagIsShared(image, summary)
            let attachments = HeldAttachments(image, pins)
            for attacher in try Attacher.attachers(
                interfaceNames, store: AttachmentStore(pins), "cannot attach to")
            {
                let xdp = request.xdp.choices
                if !xdp.isEmpty { try attachments.attachXDP(xdp, request, attacher, self) }
                for choice in request.tc.choices { try attachments.attachTC(choice, request, attacher, self) }
            }
            return attachments
        }
    }
}

extension ProgramSelection {
    fileprivate var choices: [ProgramChoice] {
        switch self {
        case .unchanged: []
        case .prebuiltUnlessOwn: [.prebuilt]
        case .programs(let choices): choices
        }
    }
}
