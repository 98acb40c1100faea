// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import SystemPackage

/// Has the commands in a remedy work as they are printed, where this run was told to look elsewhere than by default.
///
/// The words of a refusal say `pktmeta VERB` and what the verb is about; which registry and which network namespace is
/// meant is this run's affair. It goes right behind the verb, where any command takes its options.
struct RemedyCommands: Sendable {
    private let registry: String?
    private let netns: String?

    /// - Parameter arguments: those of this run.
    init(arguments: [String] = []) {
        func value(_ option: String) -> String? {
            for (index, argument) in arguments.enumerated() {
                if argument == option { return index + 1 < arguments.count ? arguments[index + 1] : nil }
                if argument.hasPrefix("\(option)=") { return String(argument.dropFirst(option.count + 1)) }
            }
            return nil
        }
        registry = value("--registry")
        netns = value("--netns")
    }

    func completed(_ remedy: String) -> String {
        guard registry != nil || netns != nil else { return remedy }
        var completed = ""
        var rest = Substring(remedy)
        while let command = nextCommand(in: rest) {
            completed += rest[..<command.start] + command.prefix + rest[command.start..<command.end] + command.options
            rest = rest[command.end...]
        }
        return completed + rest
    }

    private struct Command {
        let start: Substring.Index
        /// Behind the verb.
        let end: Substring.Index
        var prefix = ""
        var options = ""
    }

    private static let ownName = "pktmeta "
    /// Those that are about the interfaces of this thread's network namespace, and have no option to name another.
    private static let others = ["ip link ", "xdp-loader "]
    /// What has a network namespace, and what has no registry.
    private static let verbsOfInterfaces: Set<Substring> = [
        "attach-to-interface", "detach-from-interface", "attach-to-netfilter", "detach-from-netfilter", "watch",
        "doctor",
    ]
    private static let verbsWithoutRegistry: Set<Substring> = ["demo", "bench"]
    private static let verbs = Set(Pktmeta.configuration.subcommands.map { Substring($0._commandName) })

    private func nextCommand(in text: Substring) -> Command? {
        var start = text.startIndex
        while start < text.endIndex {
            if let command = command(at: start, in: text) { return command }
            // Commands begin where words do.
            guard let blank = text[start...].firstIndex(of: " ") else { return nil }
            start = text.index(after: blank)
        }
        return nil
    }

    private func command(at start: Substring.Index, in text: Substring) -> Command? {
        let words = text[start...].drop { $0 == "(" }
        if let name = Self.others.first(where: words.hasPrefix), let netns, !sentence(words).contains(text: " PEER") {
            let path = NetworkNamespace.path(named: netns).string
            return Command(
                start: words.startIndex, end: words.index(words.startIndex, offsetBy: name.count - 1),
                prefix: "nsenter --net=\(ShellWord.quoted(path)) ")
        }
        guard words.hasPrefix(Self.ownName) else { return nil }
        let verb = words.dropFirst(Self.ownName.count).prefix { $0.isLetter || $0 == "-" }
        guard Self.verbs.contains(verb) else { return nil }
        let said = sentence(words)
        var options = ""
        if let netns, Self.verbsOfInterfaces.contains(verb), !said.contains(text: "--netns") {
            options += " --netns \(ShellWord.quoted(netns))"
        }
        if let registry, !Self.verbsWithoutRegistry.contains(verb), !said.contains(text: "--registry") {
            options += " --registry \(ShellWord.quoted(registry))"
        }
        return Command(start: words.startIndex, end: verb.endIndex, options: options)
    }

    /// Up to the next command.
    private func sentence(_ words: Substring) -> Substring {
        let next = words.dropFirst().firstIndex(ofText: Self.ownName) ?? words.endIndex
        return words[..<next]
    }
}
