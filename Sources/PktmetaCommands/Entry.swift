// SPDX-License-Identifier: BSD-2-Clause

package import ArgumentParser
public import Linux
internal import PacketMetadata
package import RegistryModel
internal import SystemPackage

/// What a command writes to, and reads beside its arguments.
public struct Context: Sendable {
    /// For what was asked for.
    public var output: @Sendable (String) -> Void
    /// For notes and errors.
    public var errors: @Sendable (String) -> Void
    /// For what was asked for and is no text, or a whole file.
    public var bytes: @Sendable ([UInt8]) -> Void
    /// Whether somebody looks at the output as it is.
    public var isTerminal: Bool
    /// Whether somebody looks at the errors as they come.
    public var hasErrorTerminal = false
    /// As it is now; nil if the output is no terminal, or one that does not say.
    public var terminalSize: @Sendable () -> Terminal.Size?
    /// How this command is called, for those who are to call it again.
    public var command = "pktmeta"
    /// A variable's value; nil if it is not set.
    public var environment: @Sendable (String) -> String?
    /// For what was changed, to be read later by whoever looks after the machine.
    public var log: @Sendable (LogLine) -> Void = { _ in }
    /// The command's name as it was asked for: "compact".
    var verb = ""
    /// For remedies that name commands.
    var remedies = RemedyCommands()
    /// Has this process run another program, with these arguments; returns why it could not, `noSuchFileOrDirectory` if
    /// there is none.
    var handOver: @Sendable (_ program: CompanionProgram, _ arguments: [String]) -> Errno = { _, _ in
        .noSuchFileOrDirectory
    }

    public init(
        output: @escaping @Sendable (String) -> Void, errors: @escaping @Sendable (String) -> Void,
        bytes: @escaping @Sendable ([UInt8]) -> Void, isTerminal: Bool = false,
        terminalSize: @escaping @Sendable () -> Terminal.Size? = { nil }, environment: [String: String] = [:]
    ) {
        self.output = output
        self.errors = errors
        self.bytes = bytes
        self.isTerminal = isTerminal
        self.terminalSize = terminalSize
        self.environment = { environment[$0] }
    }
}

extension Context {
    /// Puts out text that has no colour, whatever names it has in it.
    func show(_ text: String) { output(printableLines(text)) }

    /// The same context, in which notes and errors have no character that a terminal would obey.
    fileprivate var withVisibleErrors: Context {
        var context = self
        context.errors = { [errors] in errors(printableLines($0)) }
        return context
    }

    /// Says in the log what was changed, and who did it.
    @Sendable func record(_ change: RegistryChange) { log(ChangeRendering(change, by: Caller(verb: verb)).line) }

    /// Says what takes its time, to those who look on.
    package func progress(_ text: String) {
        if hasErrorTerminal { errors("note: \(text)") }
    }
}

/// What a command was asked to do, however its arguments were parsed: can be run with any context.
package protocol Request {
    func run(in context: Context) throws(PacketMetadataError)
    /// The same, for a command whose answer is an exit code too.
    ///
    /// - Returns: the exit code.
    func answer(in context: Context) throws(PacketMetadataError) -> Int32
    var isJSON: Bool { get }
    /// Whether its documents, errors too, take a line each.
    var isJSONStream: Bool { get }
    /// Whether an error comes with the whole verifier log, as `--verbose` asks; nil for a command without that option.
    var showsVerifierLog: Bool? { get }
}

extension Request {
    package func answer(in context: Context) throws(PacketMetadataError) -> Int32 {
        try run(in: context)
        return 0
    }

    package var isJSON: Bool { false }
    package var isJSONStream: Bool { false }
    package var showsVerifierLog: Bool? { nil }
}

/// A command that is a request itself, once it is parsed.
package protocol ContextCommand: ParsableCommand, Request {}

/// The root of a program's command line.
package protocol Program: ParsableCommand {
    /// What was asked, of arguments that take no ArgumentParser; nil if they do.
    static func plainRequest(_ arguments: [String]) -> (any Request)?
    /// The arguments that mean the same by the program's own name as these by another.
    static func arguments(_ arguments: [String], calledAs name: String) -> [String]
}

extension Program {
    package static func arguments(_ arguments: [String], calledAs name: String) -> [String] { arguments }
    package static func plainRequest(_ arguments: [String]) -> (any Request)? { nil }

    /// Parses, runs, renders the error if there is one.
    ///
    /// - Returns: the exit code.
    package static func run(_ arguments: [String], in context: Context) -> Int32 {
        var context = context.withVisibleErrors
        context.remedies = RemedyCommands(arguments: arguments)
        context.verb = arguments.first ?? ""
        if let request = VersionRequest(arguments) { return answer(request, in: context) }
        if let request = plainRequest(arguments) { return answer(request, in: context) }
        if let request = namedRequest(arguments) { return answer(request, in: context) }
        if arguments.first == "---completion" { return complete(arguments, in: context) }
        let mistyped = Mistyped(arguments, for: Self.self)
        let command: any ParsableCommand
        do {
            try mistyped.refuseCommand()
            command = try parseAsRoot(mistyped.withNegativeNumbersJoined)
        } catch {
            return report(error, mistyped.option, isJSON: arguments.contains("--json"), in: context)
        }
        guard let request = command as? any Request else {
            return runBuiltIn(command, in: context)
        }
        return answer(request, in: context)
    }

    /// What was asked of the command that is named first, which is all that is parsed then: to learn what each of the others takes
    /// is most of the time that parsing takes. nil if there is anything to say of the arguments, for which all are known.
    private static func namedRequest(_ arguments: [String]) -> (any Request)? {
        guard let name = arguments.first,
            let command = configuration.subcommands.first(where: { $0._commandName == name })
        else { return nil }
        return (try? command.parseAsRoot(Array(arguments.dropFirst()))) as? any Request
    }

    private static func answer(_ request: any Request, in context: Context) -> Int32 {
        do throws(PacketMetadataError) {
            let command = configuration.subcommands.isEmpty ? _commandName : context.verb
            return try doing(.run(command: command)) { () throws(PacketMetadataError) in
                try request.answer(in: context)
            }
        } catch {
            let rendered = ErrorRendering(
                error, context.remedies, program: _commandName, showsVerifierLog: request.showsVerifierLog)
            if request.isJSON {
                context.output(request.isJSONStream ? rendered.jsonLine : rendered.json)
            } else {
                if let id = error.done?.id { context.output(id.description) }
                context.errors(rendered.text)
            }
            return error.kind.exitCode
        }
    }

    /// For a shell, by whose script ArgumentParser is asked; its parser throws what it has to say.
    private static func complete(_ arguments: [String], in context: Context) -> Int32 {
        do {
            return runBuiltIn(try parseAsRoot(arguments), in: context)
        } catch {
            return report(error, nil, isJSON: false, in: context)
        }
    }

    /// `help` and the like, which throw what they have to say.
    private static func runBuiltIn(_ command: any ParsableCommand, in context: Context) -> Int32 {
        var command = command
        do {
            try command.run()
            return 0
        } catch {
            return report(error, nil, isJSON: false, in: context)
        }
    }

    /// Help, version or what is wrong with the arguments.
    ///
    /// - Parameter fault: what is wrong in better words than the error's; nil if there are none.
    private static func report(_ error: any Error, _ fault: String?, isJSON: Bool, in context: Context) -> Int32 {
        let code = exitCode(for: error).rawValue
        let text = fullMessage(for: error)
        if code == 0 {
            context.output(text)
        } else if isJSON {
            let usage = PacketMetadataError(CommandRefusal.badArguments(fault ?? message(for: error)))
                .keeping(from: .read(.arguments, ""))
            context.output(ErrorRendering(usage).json)
        } else if let fault {
            let usage = text.split(separator: "\n").drop { !$0.hasPrefix("Usage: ") }
            context.errors((["Error: \(fault)"] + usage).joined(separator: "\n"))
        } else {
            context.errors(text)
        }
        return code
    }
}

extension PacketMetadataError.Kind {
    /// As in sysexits.h.
    var exitCode: Int32 {
        switch self {
        case .usage: 64
        case .badData: 65
        case .notFound: 66
        case .unsupported: 69
        case .system: 70
        case .taken: 73
        case .output: 74
        case .busy: 75
        case .missingPrivilege: 77
        case .incompatibleABI: 78
        case .unfinished: 79  // behind those of sysexits.h
        case .interrupted: 130
        }
    }
}
