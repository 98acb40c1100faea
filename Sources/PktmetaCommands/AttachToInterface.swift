// SPDX-License-Identifier: BSD-2-Clause

public import ArgumentParser
public import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension XDPModeChoice: ExpressibleByArgument {}

struct AttachToInterface: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach-to-interface",
        abstract: "Attach programs that set and get fields to an interface.",
        discussion: """
            By default the prebuilt pair: in XDP the producer, which sets each field that has a source; at TC ingress the \
            consumer, which gets each field and keeps its state. A hook that has a program of your own keeps it unless \
            you name another. scrub takes private fields off: for the interface inside a namespace, where it begins. The links are pinned and outlive this command. Attaching again replaces what this \
            registry has attached, without a gap.
            """)

    @Argument(help: "The interface.")
    var interface: String

    @Option(help: ArgumentHelp("XDP mode; auto takes generic where the driver has no XDP, and says so."))
    var mode: XDPModeChoice = .auto

    @Option(
        help: ArgumentHelp(
            "XDP program: an object that includes <pktmeta/pktmeta.bpf.h>, prebuilt, or none to leave the hook as it is.",
            valueName: "object[:program]"))
    var xdp: HookArgument?

    @Option(
        help: ArgumentHelp(
            "TC program: likewise, or scrub.", valueName: "object[:program]"))
    var tc: HookArgument?

    @Flag(help: "Register fields that the objects declare by PKTMETA_FIELD or PKTMETA_FLAG and that are missing.")
    var registerMissing = false

    @Flag(help: "With an error, print the whole verifier log.")
    var verbose = false

    @OptionGroup var namespace: NamespaceOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }
    var isVerbose: Bool { verbose }

    func validate() throws {
        if xdp == .leave, tc == .leave {
            throw ValidationError("With --xdp none and --tc none there is nothing to attach.")
        }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let path = registry.path(in: context)
        let reports = try namespace.run("cannot attach to \(interface)") { () throws(PacketMetadataError) in
            // A mistyped name must not leave a new registry behind.
            try Registry.checkInterface(interface)
            let registry = try Registry.openOrCreate(at: path, lockTimeout: writing.lockTimeout.duration) {
                context.errors("note: \($0)")
            }
            return try registry.attach(
                to: interface, xdp: HookArgument.choice(xdp), tc: HookArgument.choice(tc), mode: mode,
                registersMissing: registerMissing)
        }
        context.output(isJSON ? AttachmentsDocument(reports).json : AttachmentRendering(reports).text)
    }
}

/// What an option says about a hook: `prebuilt`, `scrub`, `none`, `OBJECT` or `OBJECT:PROGRAM`.
enum HookArgument: ExpressibleByArgument, Hashable {
    case prebuilt, scrub, leave
    case object(String, program: String?)

    init?(argument: String) {
        switch argument {
        case "prebuilt":
            self = .prebuilt
            return
        case "scrub":
            self = .scrub
            return
        case "none":
            self = .leave
            return
        default: break
        }
        let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let path = parts.first, !path.isEmpty, parts.last != "" else { return nil }
        self = .object(path, program: parts.count == 2 ? parts[1] : nil)
    }

    static func choice(_ argument: HookArgument?) -> ProgramChoice {
        switch argument {
        case nil: .prebuiltUnlessOwn
        case .prebuilt: .prebuilt
        case .scrub: .scrub
        case .leave: .none
        case .object(let path, let program): .object(FilePath(path), program: program)
        }
    }
}
