// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
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
    fileprivate static func object(_ argument: String) -> ProgramChoice? {
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

/// What an option or an argument says about a hook that has no prebuilt program: `OBJECT` or `OBJECT:PROGRAM`.
struct ObjectArgument: ExpressibleByArgument, Hashable {
    let choice: ProgramChoice

    init?(argument: String) {
        guard let choice = HookArgument.object(argument) else { return nil }
        self.choice = choice
    }
}
