// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel

/// What `attach-to-interface` was asked.
struct AttachRequest: Request, Hashable {
    var interfaces: InterfaceChoice
    var programs = AttachmentRequest()
    /// Pins nothing, and stays.
    var holds = false
    var registry: String?
    var lockTimeout = Duration.seconds(WritingOptions.defaultTimeout)
    var trustsOwner = false
    var isJSON = false
    var isVerbose = false
    var showsVerifierLog: Bool? { isVerbose }

    func run(in context: Context) throws(PacketMetadataError) {
        let reports = try interfaces.run("cannot attach") {
            (names) throws(PacketMetadataError) -> [AttachmentReport]? in
            // A mistyped name must not leave a new registry behind.
            for name in names { try Registry.checkInterface(name) }
            try programs.checkObjects()
            let registry = try Registry.openOrCreate(
                at: context.registry(registry), trustsOwner: trustsOwner, waiting: context.wait(upTo: lockTimeout),
                recording: context.record
            ) { context.note($0) }
            let pins = try programs.namedPins()
            let before = Set(try registry.image().fields.map(\.name))
            if holds {
                try hold(names, registry, pins, context)
                return nil
            }
            let reports = try registry.orTakenBack(note: context.note) { () throws(PacketMetadataError) in
                try registry.attach(programs, to: names)
            }
            if programs.registersMissing { note(try registry.image(), before, context) }
            note(pins, context)
            return reports
        }
        if let reports { report(reports, context) }
    }

    /// What is registered that was not before.
    private func note(_ image: RegistryImage, _ before: Set<FieldName>, _ context: Context) {
        for field in image.fields where !before.contains(field.name) {
            context.note("registered \(field.name), type \(field.type), id \(field.id)")
        }
    }

    /// What is outside of the registry.
    private func note(_ pins: [NamedPin], _ context: Context) {
        for pin in pins {
            context.note(
                "map \(pin.map) is pinned at \(pin.path), where its object asks for it: "
                    + (pin.isThere ? "the one that was there is used" : "a new one")
                    + "; it stays there when all is detached")
        }
    }

    private func report(_ reports: [AttachmentReport], _ context: Context) {
        if isJSON {
            context.output(AttachmentsDocument(reports).json)
        } else {
            context.show(AttachmentRendering(reports).text)
        }
    }

    /// Stays until a signal comes.
    private func hold(
        _ names: [String], _ registry: borrowing Registry, _ pins: [NamedPin], _ context: Context
    ) throws(PacketMetadataError) {
        Interruption.watch()
        let held = try registry.orTakenBack(note: context.note) { () throws(PacketMetadataError) in
            try registry.hold(programs, on: names)
        }
        note(pins, context)
        report(held.reports, context)
        context.note("attached until this process ends")
        while Interruption.signal == nil {
            Pause.sleep(milliseconds: 50)
            try held.follow(registry)
        }
    }
}

extension AttachRequest {
    init?(plain arguments: some Sequence<String>) {
        guard
            let plain = PlainArguments(
                arguments, options: ["--xdp", "--tc", "--mode", "--tc-mode", "--netns", "--registry"],
                flags: ["--json", "--verbose"]),
            !plain.words.isEmpty, let xdp = HookArgument.plain(plain["--xdp"]),
            let tc = HookArgument.plain(plain["--tc"]),
            let mode = XDPModeArgument(rawValue: plain["--mode"] ?? XDPModeArgument.auto.rawValue),
            let tcMode = TCModeArgument(rawValue: plain["--tc-mode"] ?? TCModeArgument.auto.rawValue),
            xdp != [.leave] || tc != [.leave]
        else { return nil }
        self.init(
            interfaces: InterfaceChoice(names: plain.words, netns: plain["--netns"]),
            programs: AttachmentRequest(
                xdp: HookArgument.selection(xdp), tc: HookArgument.selection(tc), mode: mode.mode, tcMode: tcMode.mode),
            registry: plain["--registry"], isJSON: plain.has("--json"), isVerbose: plain.has("--verbose"))
    }
}

extension HookArgument {
    /// - Returns: nil if the text says nothing about a hook; none if there is no text.
    fileprivate static func plain(_ text: String?) -> [HookArgument]? {
        guard let text else { return [] }
        return HookArgument(argument: text).map { [$0] }
    }
}
