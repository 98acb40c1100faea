// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct AttachToInterface: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach-to-interface",
        abstract: "Attach programs that set and get fields to interfaces.",
        discussion: """
            Without --xdp, --tc and --tc-egress, the prebuilt pair: in XDP the producer, which sets each field that has a \
            source; at TC ingress the consumer, which gets each field and keeps its state. A hook that has a program of \
            your own keeps it. With a program in any of these options, what they name: other hooks stay as they are. \
            scrub takes private fields off: at TC egress of the interface by which packets leave for a namespace, nobody in \
            that namespace gets at them.

            The links are pinned and outlive this command. Attaching again replaces what this registry has attached, \
            without a gap, or with --join adds to it. Several XDP programs form a chain, in the order given: each ends in \
            pktmeta_next(ctx, verdict), and runs if the one before it says XDP_PASS. If one interface or hook fails, all \
            are as they were, and a registry that the command made is gone again.
            """)

    @OptionGroup var interfaces: InterfaceOptions

    @Option(help: ArgumentHelp("XDP mode; auto takes generic where the driver has no XDP, and says so."))
    var mode = XDPModeArgument()

    @Option(help: ArgumentHelp("TC mode; auto takes clsact where the kernel has no TCX (before 6.6), and says so."))
    var tcMode = TCModeArgument()

    @Option(
        help: ArgumentHelp(
            "XDP program: an object that includes <pktmeta/pktmeta.bpf.h>, prebuilt, or none to leave the hook as it is; "
                + "repeat it for a chain.",
            valueName: "object[:program]"), completion: .choices)
    var xdp: [HookArgument] = []

    @Option(
        help: ArgumentHelp(
            "TC program for packets that come in: likewise, or scrub.", valueName: "object[:program]"),
        completion: .choices)
    var tc: [HookArgument] = []

    @Option(
        help: ArgumentHelp(
            "TC program for packets that leave by the interface, forwarded ones among them: likewise.",
            valueName: "object[:program]"), completion: .choices)
    var tcEgress: [HookArgument] = []

    @Flag(help: "Attach beside what this registry has attached, instead of in its place.")
    var join = false

    @OptionGroup var order: OrderOptions

    @Flag(help: "Register fields that the objects declare by PKTMETA_FIELD or PKTMETA_FLAG and that are missing.")
    var registerMissing = false

    @Flag(
        help: ArgumentHelp(
            "Pin nothing: stay in the foreground, follow the registry, and detach on SIGINT, SIGTERM or any other end.")
    )
    var noPin = false

    @OptionGroup var options: AttachingOptions

    var isJSON: Bool { options.output.isJSON }
    var showsVerifierLog: Bool? { options.verbose }

    func validate() throws {
        if xdp == [.leave], tc == [.leave], tcEgress.allSatisfy({ $0 == .leave }) {
            throw ValidationError("With none for XDP and TC there is nothing to attach.")
        }
        for (option, arguments) in [("--xdp", xdp), ("--tc", tc), ("--tc-egress", tcEgress)]
        where arguments.count > 1 && arguments.contains(.leave) {
            throw ValidationError("\(option) none goes with no other \(option).")
        }
        if noPin, join || order.placement != nil {
            throw ValidationError("--no-pin goes with no --join and no place among others.")
        }
        if order.placement != nil, (xdp + tc + tcEgress).allSatisfy({ $0 == .leave }) {
            throw ValidationError("Name the program that is to have that place, by --xdp, --tc or --tc-egress.")
        }
        if order.placement != nil, !join, xdp.contains(where: { $0 != .leave }) {
            throw ValidationError(
                "The order of XDP programs is that of the --xdp options; a place among those there takes --join.")
        }
    }

    private var programs: AttachmentRequest {
        AttachmentRequest(
            xdp: HookArgument.selection(xdp), tc: HookArgument.selection(tc),
            tcEgress: HookArgument.selection(tcEgress), mode: mode.choice.mode, tcMode: tcMode.choice.mode, joins: join,
            placement: order.placement, registersMissing: registerMissing)
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let programs = programs
        let attaching = AttachingRun(request: programs, options: options, context: context)
        let reports = try interfaces.choice.run(Action.attach) {
            (names) throws(PacketMetadataError) -> [AttachmentReport]? in
            // A mistyped name must not leave a new registry behind.
            for name in names { try Registry.checkInterface(name) }
            return try attaching { (registry, pins) throws(PacketMetadataError) in
                if noPin {
                    try hold(names, registry, context) { attaching.note(pins) }
                    return nil
                }
                return try registry.orTakenBack(note: context.note) { () throws(PacketMetadataError) in
                    try registry.attach(programs, to: names)
                }
            }
        }
        if let reports { context.show(reports, isJSON: isJSON) }
    }

    /// Stays until a signal comes.
    private func hold(
        _ names: [String], _ registry: borrowing Registry, _ context: Context, _ note: () -> Void
    ) throws(PacketMetadataError) {
        Interruption.watch()
        let held = try registry.orTakenBack(note: context.note) { () throws(PacketMetadataError) in
            try registry.hold(programs, on: names)
        }
        note()
        context.show(held.reports, isJSON: isJSON)
        context.note("attached until this process ends")
        while Interruption.signal == nil {
            Pause.sleep(milliseconds: 50)
            try held.follow(registry)
        }
    }
}
