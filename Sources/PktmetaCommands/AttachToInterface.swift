// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What an option says about the mode of XDP programs.
enum XDPModeArgument: String, ExpressibleByArgument, CaseIterable {
    case auto, native, generic

    /// nil for auto.
    var mode: AttachmentMode? { AttachmentMode(rawValue: rawValue) }
}

/// What an option says about the mode of TC programs.
enum TCModeArgument: String, ExpressibleByArgument, CaseIterable {
    case auto, tcx, clsact

    /// nil for auto.
    var mode: AttachmentMode? { AttachmentMode(rawValue: rawValue) }
}

struct AttachToInterface: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach-to-interface",
        abstract: "Attach programs that set and get fields to interfaces.",
        discussion: """
            Without --xdp and --tc, the prebuilt pair: in XDP the producer, which sets each field that has a source; at TC \
            ingress the consumer, which gets each field and keeps its state. A hook that has a program of your own keeps \
            it. With --xdp or --tc, what they name: the other hook stays as it is. scrub takes private fields off: for \
            the interface inside a namespace, where it begins. Who may attach programs there (CAP_BPF, CAP_NET_ADMIN) \
            can read them in front of it.

            The links are pinned and outlive this command. Attaching again replaces what this registry has attached, \
            without a gap, or with --join adds to it. Several XDP programs form a chain, in the order given: each ends in \
            pktmeta_next(ctx, verdict), and runs if the one before it says XDP_PASS. If one interface or hook fails, all \
            are as they were, and a registry that the command made is gone again.
            """)

    @OptionGroup var interfaces: InterfaceOptions

    @Option(help: ArgumentHelp("XDP mode; auto takes generic where the driver has no XDP, and says so."))
    var mode: XDPModeArgument = .auto

    @Option(help: ArgumentHelp("TC mode; auto takes clsact where the kernel has no TCX (before 6.6), and says so."))
    var tcMode: TCModeArgument = .auto

    @Option(
        help: ArgumentHelp(
            "XDP program: an object that includes <pktmeta/pktmeta.bpf.h>, prebuilt, or none to leave the hook as it is; "
                + "repeat it for a chain.",
            valueName: "object[:program]"))
    var xdp: [HookArgument] = []

    @Option(
        help: ArgumentHelp(
            "TC program: likewise, or scrub.", valueName: "object[:program]"))
    var tc: [HookArgument] = []

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

    @Flag(help: "With an error, print the whole verifier log.")
    var verbose = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }
    var showsVerifierLog: Bool? { verbose }

    func validate() throws {
        if xdp == [.leave], tc == [.leave] {
            throw ValidationError("With --xdp none and --tc none there is nothing to attach.")
        }
        for (option, arguments) in [("--xdp", xdp), ("--tc", tc)]
        where arguments.count > 1 && arguments.contains(.leave) {
            throw ValidationError("\(option) none goes with no other \(option).")
        }
        if noPin, join || order.placement != nil {
            throw ValidationError("--no-pin goes with no --join and no place among others.")
        }
        if order.placement != nil, (xdp + tc).allSatisfy({ $0 == .leave }) {
            throw ValidationError("Name the program that is to have that place, by --xdp or --tc.")
        }
        if order.placement != nil, !join, xdp.contains(where: { $0 != .leave }) {
            throw ValidationError(
                "The order of XDP programs is that of the --xdp options; a place among those there takes --join.")
        }
    }

    var request: AttachRequest {
        AttachRequest(
            interfaces: interfaces.choice,
            programs: AttachmentRequest(
                xdp: HookArgument.selection(xdp), tc: HookArgument.selection(tc), mode: mode.mode, tcMode: tcMode.mode,
                joins: join, placement: order.placement, registersMissing: registerMissing),
            holds: noPin, registry: registry.path, lockTimeout: writing.lockTimeout.duration,
            trustsOwner: writing.trustOwner, isJSON: isJSON, isVerbose: verbose)
    }

    func run(in context: Context) throws(PacketMetadataError) { try request.run(in: context) }
}

/// Where programs are to run among others.
struct OrderOptions: ParsableArguments {
    @Flag(help: "Before all others: at TC of the hook's, in XDP of the chain's, with --join.")
    var first = false

    @Flag(help: "Behind all others; the default.")
    var last = false

    @Option(help: ArgumentHelp("Before that program.", valueName: "program"))
    var before: String?

    @Option(help: ArgumentHelp("Behind that program: its name, or at TC its id.", valueName: "program"))
    var after: String?

    var placement: Placement? {
        if first { return .first }
        if last { return .last }
        return before.map { .before($0) } ?? after.map { .after($0) }
    }

    func validate() throws {
        if [first, last, before != nil, after != nil].count(where: { $0 }) > 1 {
            throw ValidationError("Only one of --first, --last, --before and --after can be.")
        }
    }
}

/// What an option says about a hook: `prebuilt`, `scrub`, `none`, `OBJECT` or `OBJECT:PROGRAM`.
enum HookArgument: ExpressibleByArgument, Hashable {
    case leave
    case program(ProgramChoice)

    init?(argument: String) {
        switch argument {
        case "prebuilt": self = .program(.prebuilt)
        case "scrub": self = .program(.scrub)
        case "none": self = .leave
        default:
            guard let choice = Self.object(argument) else { return nil }
            self = .program(choice)
        }
    }

    /// A path may have colons, and a program's name has none: the name is what is behind the last one, unless the whole is
    /// a file's path.
    private static func object(_ argument: String) -> ProgramChoice? {
        let whole = FilePath(argument)
        guard let colon = argument.lastIndex(of: ":"), !Folder.exists(whole) else {
            return argument.isEmpty ? nil : .object(whole, program: nil)
        }
        let (path, program) = (argument[..<colon], argument[argument.index(after: colon)...])
        guard !path.isEmpty, !program.isEmpty else { return nil }
        return .object(FilePath(String(path)), program: String(program))
    }

    /// - Returns: nil if nothing was said of the hook.
    static func selection(_ arguments: [HookArgument]) -> ProgramSelection? {
        if arguments.isEmpty { return nil }
        let choices = arguments.compactMap { if case .program(let choice) = $0 { choice } else { nil } }
        return choices.isEmpty ? .unchanged : .programs(choices)
    }
}
