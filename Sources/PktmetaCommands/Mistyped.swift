// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import RegistryModel

/// What ArgumentParser has no good words for: it does not know what a mistyped command takes, and so blames its options.
enum Mistyped {
    private static let commands = Pktmeta.configuration.subcommands
    private static let ownOptions: Set = ["--help", "-h", "--version"]

    /// - Throws: `ValidationError` if there is no such command, or an option goes before it.
    static func refuseCommand(in arguments: [String]) throws {
        let names = commands.map { $0._commandName }
        let words = arguments.drop { $0 == "help" }
        guard let word = words.first, !word.isEmpty, !names.contains(word) else { return }
        if word.hasPrefix("-") {
            guard let command = words.first(where: names.contains), !ownOptions.contains(word) else { return }
            throw ValidationError("Options go behind the command: pktmeta \(command) \(word) ...")
        }
        throw ValidationError(
            "There is no command '\(word)'. " + NearestName.question(word, among: names + ["help"])
                + "pktmeta --help lists all.")
    }

    /// A number below zero would be taken for an option, and the option before it to lack its value.
    ///
    /// - Returns: the same arguments, in which such a value is part of its option: `--count=-1` for `--count -1`.
    static func joiningNegativeNumbers(_ arguments: [String]) -> [String] {
        func isNegative(_ text: String) -> Bool {
            text.hasPrefix("-") && text.dropFirst().first.map { $0.isNumber || $0 == "." } == true
        }
        guard arguments.contains(where: isNegative),
            let command = commands.first(where: { $0._commandName == arguments.first })
        else { return arguments }
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
    private static func optionsThatTakeValues(_ command: any ParsableCommand.Type) -> Set<String> {
        let words = Pktmeta.helpMessage(for: command).split(whereSeparator: \.isWhitespace)
        let pairs = zip(words, words.dropFirst()).filter { $0.hasPrefix("--") && $1.hasPrefix("<") }
        return Set(pairs.map { String($0.0) })
    }

    /// An option that a command may not do without would be called missing.
    ///
    /// - Returns: what is wrong with the arguments; nil if no option was clearly meant to be another.
    static func option(in arguments: [String]) -> String? {
        guard let command = commands.first(where: { $0._commandName == arguments.first }) else { return nil }
        let known = Set(
            Pktmeta.helpMessage(for: command).split { !($0.isLetter || $0 == "-") }.map(String.init)
                .filter { $0.hasPrefix("--") })
        for argument in arguments.dropFirst().prefix(while: { $0 != "--" }) where argument.hasPrefix("--") {
            let option = String(argument.prefix { $0 != "=" })
            if let meant = known.contains(option) ? nil : NearestName.of(option, among: known) {
                return "Unknown option '\(option)'. Did you mean '\(meant)'?"
            }
        }
        return nil
    }
}
