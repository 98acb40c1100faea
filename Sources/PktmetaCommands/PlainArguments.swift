// SPDX-License-Identifier: BSD-2-Clause

/// A command line in its plainest form: the command, words, and options in full, each once, a value in a word of its own.
///
/// ArgumentParser finds out what a command takes by reflection, which takes some 3 ms: more than reading and printing a
/// whole registry. So inspect-map, which monitoring runs again and again, and --version take plain arguments without it. Whatever is not
/// plain, help and mistakes among it, is ArgumentParser's, and PlainArgumentsTests see to it that both understand the same.
struct PlainArguments {
    let words: [String]
    private let values: [(option: String, value: String)]
    private let flags: [String]

    /// - Returns: nil if there is anything else than words, and options and flags of these.
    init?(_ arguments: some Sequence<String>, options: [String] = [], flags known: [String] = []) {
        var words: [String] = []
        var values: [(option: String, value: String)] = []
        var flags: [String] = []
        var rest = arguments.makeIterator()
        while let argument = rest.next() {
            if argument.isEmpty { return nil }
            if !argument.hasPrefix("-") {
                words.append(argument)
            } else if known.contains(argument) {
                if flags.contains(argument) { return nil }
                flags.append(argument)
            } else {
                guard options.contains(argument), !values.contains(where: { $0.option == argument }),
                    let value = rest.next(), !value.isEmpty, !value.hasPrefix("-")
                else { return nil }
                values.append((argument, value))
            }
        }
        self.words = words
        self.values = values
        self.flags = flags
    }

    subscript(_ option: String) -> String? { values.first { $0.option == option }?.value }
    func has(_ flag: String) -> Bool { flags.contains(flag) }
}

extension PlainArguments {
    /// What was asked; nil if it takes ArgumentParser to tell.
    static func request(_ arguments: [String]) -> (any Request)? {
        switch arguments.first {
        case "inspect-map": InspectMapRequest(plain: arguments.dropFirst())
        case "cni" where arguments.count == 1: CNIPlugin()
        default: nil
        }
    }
}
