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
        let interface: String
        let loader: ChainLoader
        let live: LiveChain

        var action: Action { .stayAttached(to: [interface]) }

        /// Loads the programs anew for a registry that has changed, with their maps, and swaps them in.
        func renew(for image: RegistryImage, _ registry: borrowing Registry) throws(PacketMetadataError) {
            var entries: [ChainLoader.Entry] = []
            for member in live.chain.members {
                let spec = try member.spec.rebuilt(for: image)
                entries.append(ChainLoader.Entry(spec: spec, maps: .program(member.loaded)))
            }
            try live.swap(to: try loader.load(entries, in: registry))
        }
    }

    private let interfaces: [String]
    private let pins: RegistryPins
    private var held: [Held] = []
    /// The registry that the programs were loaded for.
    private var image: RegistryImage
    public private(set) var reports: [AttachmentReport] = []

    fileprivate init(_ image: RegistryImage, on interfaces: [String], _ pins: RegistryPins) {
        self.image = image
        self.interfaces = interfaces
        self.pins = pins
    }

    /// The kernel detaches as the links are closed, which is right behind this.
    deinit {
        for report in reports { pins.record(.attachment(report.detached)) }
    }

    fileprivate func attach(
        _ request: AttachmentRequest, _ hook: Hook, _ attacher: Attacher, _ registry: borrowing Registry
    ) throws(PacketMetadataError) {
        let attaching = attacher.target.attaching(hook)
        guard let choices = request.selection(hook).choices(beside: []), !choices.isEmpty else { return }
        let plan = try attaching.plan(try attacher.specs(choices, hook, image), [], request)
        let candidates = CandidateModes(modes: try attaching.modes(request.mode(hook)).modes.filter { $0 != .clsact })
        for case .attach(let new) in plan.steps {
            let new = try NewAttachment(new, .new, candidates, attaching, attacher, registry)
            let attached = try new.attach(registry) { (chain, mode) throws(BPFError) in
                let link = try attaching.link(chain.first.program, mode, at: nil)
                held.append(
                    Held(
                        interface: attacher.target.place.description,
                        loader: attacher.loader(hook, mode, isAttached: true),
                        live: LiveChain(chain, link)))
            }
            reports += attached
            for report in attached { pins.record(.held(report)) }
        }
    }

    /// Loads the programs anew if the registry has changed, and swaps them in with no packet unprocessed in between.
    ///
    /// To be called in the network namespace of the interfaces, every so often.
    ///
    /// - Throws: `notFound` if an interface or the registry has gone.
    public func follow(_ registry: borrowing Registry) throws(PacketMetadataError) {
        for held in held {
            try doing(held.action) { () throws(PacketMetadataError) in try held.live.refuseIfGone() }
        }
        try doing(.stayAttached(to: interfaces.sorted())) { () throws(PacketMetadataError) in
            // Nobody can change or inspect by its path what these programs go by.
            if try registry.isReplaced() { throw PacketMetadataError(AttachingRefusal.registryGone(registry.path)) }
        }
        let now = try registry.image()
        guard now != image else { return }
        for held in held {
            try doing(held.action) { () throws(PacketMetadataError) in try held.renew(for: now, registry) }
        }
        image = now
    }
}

extension Registry {
    /// Attaches programs to interfaces of this thread's network namespace for as long as what it returns lives.
    ///
    /// - Throws: as ``attach(_:to:)-(_,[String])``; `usage` if the request is to join what is attached, or for a filter, which would
    ///   outlive the process.
    public func hold(
        _ request: AttachmentRequest, on interfaceNames: [String]
    ) throws(PacketMetadataError) -> HeldAttachments {
        let action = Action.attach(to: interfaceNames)
        return try doing(action) { () throws(PacketMetadataError) in
            guard !request.joins, request.placement == nil, request.mode(.tcIngress) != .clsact else {
                throw PacketMetadataError(AttachingRefusal.heldRequest)
            }
            try request.checkModes()
            return try registeringMissing(request, action) { () throws(PacketMetadataError) in
                try holdRegistered(request, on: interfaceNames)
            }
        }
    }

    private func holdRegistered(
        _ request: AttachmentRequest, on interfaceNames: [String]
    ) throws(PacketMetadataError) -> HeldAttachments {
        let image = try image()
        try refuseIfDamaged(image)
        // Nothing but its program tells what is held from what others hold.
        let attachers = try Attacher.all(interfaceNames, programs: CommandPrograms(areShared: false)) {
            .attach(to: [$0])
        }
        let attachments = HeldAttachments(image, on: attachers.map(\.target.place.description), pins)
        for attacher in attachers {
            try doing(attacher.action) { () throws(PacketMetadataError) in
                for hook in Hook.all(of: .interface) { try attachments.attach(request, hook, attacher, self) }
            }
        }
        return attachments
    }
}
