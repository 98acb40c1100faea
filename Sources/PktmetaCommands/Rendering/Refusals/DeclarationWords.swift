// SPDX-License-Identifier: BSD-2-Clause

internal import DeclarationFiles
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension DeclarationRefusal: RefusalWords {
    /// A line each, if there are several, which begins with the place, as compilers have it.
    var reason: String {
        switch self {
        case .faultyDocuments(let faults, let more):
            let rest = more == 0 ? [] : ["and \(more) more"]
            let lines = faults.map { "\($0.place?.description ?? $0.file): \($0.problem.words)" } + rest
            if lines.count == 1 { return lines[0] }
            return (faults.count + more).of("fault") + lines.map { "\n  \($0)" }.joined()
        }
    }

    var remedy: String? {
        switch self {
        case .faultyDocuments(let faults, _):
            // Several have several remedies; each says what would do.
            faults.count == 1 ? faults[0].problem.remedy : nil
        }
    }
}

extension DocumentFault.Problem {
    fileprivate var words: String {
        switch self {
        case .notUTF8: "this is not UTF-8"
        case .controlCharacter(let number): "a document has no character U+\(Self.hexadecimal(number))"
        case .syntax(let text): text
        case .notJSON(let needs): "this is no JSON: here is to be \(needs.words)"
        case .tab: "lines are indented by blanks, and here is a tab"
        case .secondDocument: "a file has one document, and here another begins"
        case .anchor: "anchors (&) are not read: say it again where it is meant"
        case .alias: "aliases (*) are not read: say it again, or put it in quotes if it is a text"
        case .tag: "tags (!) are not read: put it in quotes if it is a text"
        case .mergeKey: "merge keys (<<) are not read: say it again where it is meant"
        case .tooDeep(let most): "lists and mappings are in each other more than \(most) deep"
        case .wrongKind(let kind, let needs):
            "here is to be \(needs.map(\.words).joined(separator: " or ")), and this is \(kind.words)"
        case .keyIsNoText: "a key is a text"
        case .duplicateKey(let key, let first): "\(key) is said again; first at \(first)"
        case .unknownKey(let key, let keys):
            "there is no key \(key) here. " + NearestName.question(key, among: keys) + Self.list("Keys", keys)
        case .missingKey(let key): "\(key) is missing"
        case .emptyValue: "nothing is said here"
        case .notOneOf(let keys, let areThere):
            areThere
                ? "only one of \(keys.joined(separator: " and ")) can be said"
                : "\(keys.joined(separator: " or ")) is missing"
        case .noneOf(let keys): "none of \(keys.joined(separator: ", ")) is said, so there is nothing to attach"
        case .keyWithout(let key, let others):
            "\(key) is said of \(others.joined(separator: " and ")), and there is none"
        case .unknownWord(let text, let words):
            "there is no \(text) here. " + NearestName.question(text, among: words) + Self.list("Words", words)
        case .badNumber(let text, let most): "\(text) is no whole number from 0 to \(most)"
        case .badCapacity(let text): "\(text) is no capacity: \(RegistryWord.capacitiesText)"
        case .badProgram(let text): "\(text) names no program: OBJECT or OBJECT:PROGRAM does"
        case .badPriority(let text): "\(text) is no priority: a number, or as in nft a name with a distance"
        case .badInterface(let text): "no interface can be called \(text)"
        case .reservedOwner(let text): "\(text) is the owner of what container networks declare, and of no document"
        case .badNetns(let text):
            "\(text) does not name a network namespace: names are those that ip netns lists, and no numbers"
        case .relativePath(let text): "\(text) does not begin with /"
        case .hardwareWithoutSource(let source):
            "a driver fills fields with a source rx-..., and this one has \(source == .none ? "none" : "another")"
        case .refused(let error): error.message
        case .otherField(let name, let first): "\(name) is declared otherwise at \(first)"
        case .otherSetting(let key, let first): "\(key) is another at \(first)"
        case .otherLayout(let name, let first): "\(name) has another id or offset at \(first)"
        case .file(let problem): problem.words
        case .include(let path, let problem): "cannot include \(path): \(problem.words)"
        case .folderPattern(let text): "\(text): a pattern is for names of files in one folder"
        case .cycle(let files): "files include each other: \(files.joined(separator: ", then "))"
        case .tooManyDocuments(let most): "these are more than \(most) documents"
        }
    }

    fileprivate var remedy: String? {
        switch self {
        case .refused(let error): error.remedy
        case .file(.unreadable(.noSuchFileOrDirectory)), .file(.noDocuments):
            "pktmeta export FILE.yaml writes a document to begin with: what this host has."
        case .file(let problem), .include(_, let problem): problem.remedy
        default: nil
        }
    }

    private static func list(_ title: String, _ words: [String]) -> String {
        "\(title): \(words.joined(separator: ", "))"
    }

    private static func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}

extension DocumentFault.JSONPart {
    fileprivate var words: String {
        switch self {
        case .value: "a value"
        case .key: "a key, in quotes"
        case .colon: "a colon"
        case .commaOrBrace: "a comma or }"
        case .commaOrBracket: "a comma or ]"
        case .quote: "the quote that ends a text"
        case .escape: "an escape that JSON has"
        case .surrogatePair: "a pair of escapes, which mean one character"
        case .end: "nothing more"
        }
    }
}

extension DocumentFault.Kind {
    fileprivate var words: String { "a \(rawValue)" }
}

extension DocumentFault.FileProblem {
    fileprivate var words: String {
        switch self {
        case .unreadable(let errno): errno.withName
        case .otherKind: "it is no regular file"
        case .tooLong(let most): "it has more than \(most >> 10) KiB"
        case .link: "it is a symbolic link"
        case .writable(let path, let access):
            "others than its owner may write to \(path) (\(String(access.bits, radix: 8)))"
        case .foreign(let path, let access): "\(path) belongs to \(UserName(access.owner))"
        case .noDocuments: "no file there ends in .yaml, .yml or .json"
        }
    }

    fileprivate var remedy: String? {
        switch self {
        case .writable(let path, _): "chmod go-w \(ShellWord.quoted(path.string)) keeps others from it."
        case .foreign(let path, _): "chown root \(ShellWord.quoted(path.string)) makes it root's."
        case .link: "Name the file that it leads to, or include that."
        default: nil
        }
    }
}
