// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Attaches to the hooks of one interface, and can take it back.
struct Attacher {
    let store: AttachmentStore
    let summary: String
    private let interface: NetworkInterface
    private let netnsCookie: UInt64
    private let modes: [BPFLink.XDPMode]
    private let modeChoice: XDPModeChoice

    init(
        _ interfaceName: String, _ mode: XDPModeChoice, registry: borrowing Registry, summary: String
    ) throws(PacketMetadataError) {
        interface = try Self.interface(interfaceName, summary)
        do throws(Errno) {
            netnsCookie = try NetworkNamespace.currentCookie()
        } catch {
            throw PacketMetadataError(error, summary, doing: "ask for the network namespace's cookie")
        }
        store = AttachmentStore(registry.folder)
        self.summary = summary
        modeChoice = mode
        modes = mode.candidates
    }

    static func interface(_ name: String, _ summary: String) throws(PacketMetadataError) -> NetworkInterface {
        do throws(Errno) {
            return try NetworkInterface(named: name)
        } catch {
            throw PacketMetadataError(
                .notFound, summary, reason: "there is no such interface (\(error.name))",
                remedy: "ip link lists those of a network namespace; --netns names another namespace.")
        }
    }

    func key(_ hook: Hook) -> AttachmentStore.Key {
        AttachmentStore.Key(netnsCookie: netnsCookie, ifindex: interface.index, hook: hook)
    }

    // MARK: Loading

    /// A program to attach, with all of its record but the mode.
    struct Prepared {
        let loaded: ProgramLoader.Loaded
        let hook: Hook
        let choice: ProgramChoice
        let object: ObjectFile
        let image: RegistryImage

        var asksDevice: Bool { object.producer == .hardware }
    }

    /// - Returns: nil if the hook is to be left as it is.
    func load(
        _ choice: ProgramChoice, _ hook: Hook, _ image: RegistryImage, _ registry: borrowing Registry,
        isGeneric: Bool? = nil
    ) throws(PacketMetadataError) -> Prepared? {
        let object: ObjectFile
        var programName: String?
        switch choice {
        case .none:
            return nil
        case .prebuiltUnlessOwn:
            if let existing = try existing(hook), !existing.record.object.isPrebuilt { return nil }
            object = ObjectFile(prebuiltFor: hook, image)
        case .prebuilt:
            object = ObjectFile(prebuiltFor: hook, image)
        case .scrub:
            object = .scrub
        case .object(let path, let program):
            object = try ObjectFile(path: path)
            programName = program
        }
        let loader = ProgramLoader(object, image: image, isStrict: true, summary: summary)
        var device: AskedDevice?
        if object.producer == .hardware {
            if modeChoice == .generic { throw refusal(image).genericMode }
            device = AskedDevice(ifindex: interface.index, refusal: refusal(image))
        }
        let mode = try existing(hook)?.record.mode
        let isGeneric = isGeneric ?? (hook == .xdp && (mode == .generic || (mode == nil && modeChoice == .generic)))
        let loaded = try loader.load(programName, for: hook, in: registry, asking: device, isGeneric: isGeneric)
        return Prepared(loaded: loaded, hook: hook, choice: choice, object: object, image: image)
    }

    /// What this registry has attached to a hook; also if the interface came from another namespace.
    func existing(_ hook: Hook) throws(PacketMetadataError) -> Attachment? {
        let programs = try programIDs(hook)
        if let attachment = try store.attachment(key(hook)) {
            if try isHere(attachment, programs) { return attachment }
            // Of an interface that had this index here and lives on in another namespace.
            try store.setAside(attachment, summary)
        }
        return programs.isEmpty ? nil : try store.adopt(key(hook), programIDs: programs)
    }

    private func isHere(_ attachment: Attachment, _ programs: [UInt32]) throws(PacketMetadataError) -> Bool {
        do throws(BPFError) {
            return programs.contains(try attachment.link().programID)
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    private func programIDs(_ hook: Hook) throws(PacketMetadataError) -> [UInt32] {
        do throws(BPFError) {
            switch hook {
            case .xdp: return try attachedXDPProgramID(ifindex: interface.index).map { [$0] } ?? []
            case .tcIngress: return try attachedTCXProgramIDs(ifindex: interface.index)
            }
        } catch {
            throw PacketMetadataError(error, summary, needs: [.netAdmin])
        }
    }

    // MARK: Attaching

    /// What was done to a hook, and what was there before.
    struct Applied {
        let report: AttachmentReport
        let key: AttachmentStore.Key
        let previous: AttachmentStore.Replaced?
    }

    func apply(
        _ prepared: Prepared, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> Applied {
        if let existing = try existing(prepared.hook) { return try replace(existing, by: prepared) }
        return try attach(prepared, registry)
    }

    private func attach(
        _ prepared: Prepared, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> Applied {
        switch prepared.hook {
        case .xdp:
            var prepared = prepared
            var fallback: String?
            let modes = prepared.asksDevice ? [.native] : modes
            for mode in modes {
                do throws(BPFError) {
                    return try add(prepared, mode == .native ? .native : .generic, fallback) { () throws(BPFError) in
                        try BPFLink(xdp: prepared.loaded.program, ifindex: interface.index, mode: mode)
                    }
                } catch {
                    guard error.errno == .notSupported, mode != modes.last else { throw refusal(error, prepared) }
                    fallback = "the driver has no native XDP (\(error.errno.name))"
                    let generic = try load(prepared.choice, .xdp, prepared.image, registry, isGeneric: true)
                    if let generic { prepared = generic }
                }
            }
            preconditionFailure("the last mode returns or throws")
        case .tcIngress:
            do throws(BPFError) {
                return try add(prepared, .tcx, nil) { () throws(BPFError) in
                    try BPFLink(tcxIngress: prepared.loaded.program, ifindex: interface.index)
                }
            } catch {
                throw refusal(error, prepared)
            }
        }
    }

    private func add(
        _ prepared: Prepared, _ mode: AttachmentMode, _ fallback: String?,
        _ makeLink: () throws(BPFError) -> BPFLink
    ) throws(BPFError) -> Applied {
        let record = record(prepared, mode)
        try store.add(key(prepared.hook), record, prepared.loaded, makeLink)
        return Applied(report: report(record, .attached, fallback), key: key(prepared.hook), previous: nil)
    }

    private func replace(
        _ existing: Attachment, by prepared: Prepared
    ) throws(PacketMetadataError) -> Applied {
        let old = existing.record
        if prepared.hook == .xdp, modeChoice != .auto, modeChoice.rawValue != old.mode.rawValue {
            throw PacketMetadataError(
                .taken, summary, reason: "\(old.program) is attached to it in \(old.mode.rawValue) mode",
                remedy: "A link keeps its mode: pktmeta detach-from-interface \(interface.name) --xdp first.")
        }
        if prepared.asksDevice, old.mode != .native { throw refusal(prepared.image).genericMode }
        let record = record(prepared, old.mode)
        if record.isSameProgram(as: old) {
            return Applied(report: report(old, .unchanged), key: key(prepared.hook), previous: nil)
        }
        do throws(BPFError) {
            let previous = try store.replace(existing, by: record, prepared.loaded)
            return Applied(
                report: report(record, .replaced), key: key(prepared.hook),
                previous: previous)
        } catch {
            throw refusal(error, prepared)
        }
    }

    private func record(_ prepared: Prepared, _ mode: AttachmentMode) -> AttachmentRecord {
        AttachmentRecord(
            hook: prepared.hook, mode: mode, ifindex: interface.index, netnsCookie: netnsCookie,
            attachedAt: Clock.realtime, revision: prepared.image.revision, binding: prepared.loaded.binding,
            interface: interface.name, program: prepared.loaded.name, object: prepared.object)
    }

    private func report(
        _ record: AttachmentRecord, _ outcome: AttachmentReport.Outcome, _ fallback: String? = nil
    ) -> AttachmentReport {
        AttachmentReport(
            interface: interface.name, hook: record.hook, program: record.program, mode: record.mode,
            outcome: outcome, fallback: fallback)
    }

    /// Leaves the hook as it was before ``apply(_:)``.
    func revert(_ applied: Applied) {
        guard applied.report.outcome != .unchanged, let attachment = try? store.attachment(applied.key) else { return }
        if let previous = applied.previous {
            try? store.restore(attachment, previous)
        } else {
            try? store.remove(attachment)
        }
    }

    // MARK: Detaching

    func detach(_ attachment: Attachment) throws(PacketMetadataError) -> AttachmentReport {
        do throws(BPFError) {
            try store.remove(attachment)
        } catch {
            throw PacketMetadataError(error, summary)
        }
        return report(attachment.record, .detached)
    }

    // MARK: Refusals

    private func refusal(_ image: RegistryImage) -> HardwareRefusal {
        HardwareRefusal(summary, interface.name, image, registered: image)
    }

    private func refusal(_ error: BPFError, _ prepared: Prepared) -> PacketMetadataError {
        switch (error.errno, prepared.hook) {
        case (.notSupported, .xdp) where prepared.asksDevice:
            return refusal(prepared.image).noDriver
        case (.resourceBusy, .xdp), (.fileExists, .xdp):
            return PacketMetadataError(
                .taken, summary, reason: "\(holder()) holds its XDP hook (\(error.errno.name))",
                remedy: "ip link show dev \(interface.name) tells more; only its owner should detach it.")
        case (.outOfRange, .xdp):
            return PacketMetadataError(
                .unsupported, summary, reason: "its MTU is too large for a program without fragments (ERANGE)",
                remedy: "Compile the program as SEC(\"xdp.frags\"), or lower the MTU.")
        case (.notSupported, .xdp):
            return PacketMetadataError(
                .unsupported, summary, reason: "the driver has no \(modeChoice.rawValue) XDP (EOPNOTSUPP)",
                remedy: "--mode generic works with any driver.")
        case (.outOfRange, .tcIngress):
            return PacketMetadataError(
                .taken, summary, reason: "as many programs as the kernel allows are attached to its TC ingress (ERANGE)"
            )
        case (.invalidArgument, .tcIngress):
            return PacketMetadataError(
                .unsupported, summary, reason: "the kernel has no TCX links (EINVAL); they came with Linux 6.6")
        default:
            return PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
        }
    }

    /// Who is on the XDP hook, as far as this process may know.
    private func holder() -> String {
        guard let id = try? attachedXDPProgramID(ifindex: interface.index) else { return "another program" }
        guard let program = try? BPFProgram(id: id) else { return "program \(id)" }
        return "program \(program.name) (id \(id))"
    }
}
