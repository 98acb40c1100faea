// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import RegistryModel

/// What ArgumentParser has no good words for: it does not know what a mistyped command takes, and so blames its options.
struct Mistyped {
    private let arguments: [String]
    private let program: any ParsableCommand.Type

    private static let ownOptions: Set = ["--help", "-h", "--version"]

    init(_ arguments: [String], for program: any ParsableCommand.Type) {
        self.arguments = arguments
        self.program = program
    }

    private var commands: [any ParsableCommand.Type] { program.configuration.subcommands }

    /// What the arguments are for: the command that they begin with, or a program that has none.
    private var command: (any ParsableCommand.Type)? {
        commands.isEmpty ? program : commands.first { $0._commandName == arguments.first }
    }

    /// - Throws: `ValidationError` if there is no such command, or an option goes before it.
    func refuseCommand() throws {
        guard !commands.isEmpty else { return }
        let names = commands.map { $0._commandName }
        let words = arguments.drop { $0 == "help" }
        guard let word = words.first, !word.isEmpty, !names.contains(word) else { return }
        if word.hasPrefix("-") {
            guard let command = words.first(where: names.contains), !Self.ownOptions.contains(word) else { return }
            throw ValidationError("Options go behind the command: \(program._commandName) \(command) \(word) ...")
        }
        throw ValidationError(
            "There is no command '\(word)'. " + NearestName.question(word, among: names + ["help"])
                + "\(program._commandName) --help lists all.")
    }

    /// The same arguments, in which a value below zero is part of its option: `--count=-1` for `--count -1`.
    ///
    /// By itself it would be taken for an option, and the option before it to lack its value.
    var withNegativeNumbersJoined: [String] {
        func isNegative(_ text: String) -> Bool {
            text.hasPrefix("-") && text.dropFirst().first.map { $0.isNumber || $0 == "." } == true
        }
        guard arguments.contains(where: isNegative), let command else { return arguments }
        let taking = optionsThatTakeValues(command)
        var joined: [String] = []
        for (index, argument) in arguments.enumerated() {
            guard isNegative(argument), let option = joined.last, taking.contains(option),
                !arguments[..<index].contains("--")
            else {
                joined.append(argument)
                continue
            }
            joined[joined.count - 1] = "\(option)=\(argument)"
        }
        return joined
    }

    /// Those whose line of the help has a value behind them: `--count <packets>`.
    private func optionsThatTakeValues(_ command: any ParsableCommand.Type) -> Set<String> {
        let words = program.helpMessage(for: command).split(whereSeparator: \.isWhitespace)
        let pairs = zip(words, words.dropFirst()).filter { $0.hasPrefix("--") && $1.hasPrefix("<") }
        return Set(pairs.map { String($0.0) })
    }

    /// What is wrong with an option; nil if none was clearly meant to be another.
    ///
    /// An option that a command may not do without would be called missing.
    var option: String? {
        guard let command else { return nil }
        let known = Set(
            program.helpMessage(for: command).split { !($0.isLetter || $0 == "-") }.map(String.init)
                .filter { $0.hasPrefix("--") })
        for argument in arguments.prefix(while: { $0 != "--" }) where argument.hasPrefix("--") {
            let option = String(argument.prefix { $0 != "=" })
            if let meant = known.contains(option) ? nil : NearestName.of(option, among: known) {
                return "Unknown option '\(option)'. Did you mean '\(meant)'?"
            }
        }
        return nil
    }
}
