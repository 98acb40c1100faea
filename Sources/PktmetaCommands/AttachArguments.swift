// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata

/// What an option says about the mode of XDP programs.
struct XDPModeArgument: ExpressibleByArgument {
    private(set) var choice = ModeChoice.auto
    var defaultValueDescription: String { choice.text }
    static let allValueStrings = ModeChoice.words(of: .xdp)
    static let defaultCompletionKind = CompletionKind.list(allValueStrings)

    init() {}

    init?(argument: String) {
        guard let choice = ModeChoice(argument, of: .xdp) else { return nil }
        self.choice = choice
    }
}

/// What an option says about the mode of TC programs.
struct TCModeArgument: ExpressibleByArgument {
    private(set) var choice = ModeChoice.auto
    var defaultValueDescription: String { choice.text }
    static let allValueStrings = ModeChoice.words(of: .tcIngress)
    static let defaultCompletionKind = CompletionKind.list(allValueStrings)

    init() {}

    init?(argument: String) {
        guard let choice = ModeChoice(argument, of: .tcIngress) else { return nil }
        self.choice = choice
    }
}

/// Where programs are to run among others.
struct OrderOptions: ParsableArguments {
    @Flag(help: "Before all others: at TC of the hook's, in XDP of the chain's, with --join.")
    var first = false

    @Flag(help: "Behind all others; the default.")
    var last = false

    @Option(help: ArgumentHelp("Before that program.", valueName: "program"), completion: .programs)
    var before: String?

    @Option(
        help: ArgumentHelp("Behind that program: its name, or at TC its id.", valueName: "program"),
        completion: .programs)
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
        if argument == "none" {
            self = .leave
            return
        }
        guard let choice = ProgramChoice(argument) else { return nil }
        self = .program(choice)
    }

    /// - Returns: nil if nothing was said of the hook.
    static func selection(_ arguments: [HookArgument]) -> ProgramSelection? {
        if arguments.isEmpty { return nil }
        let choices = arguments.compactMap { if case .program(let choice) = $0 { choice } else { nil } }
        return choices.isEmpty ? .unchanged : .programs(choices)
    }
}

/// What an option or an argument says about a hook that has no prebuilt program: `OBJECT` or `OBJECT:PROGRAM`.
struct ObjectArgument: ExpressibleByArgument, Hashable {
    let choice: ProgramChoice

    init?(argument: String) {
        guard let choice = ProgramChoice(object: argument) else { return nil }
        self.choice = choice
    }
}
