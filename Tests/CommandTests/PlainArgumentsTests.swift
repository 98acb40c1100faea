// SPDX-License-Identifier: BSD-2-Clause

import ArgumentParser
import Testing

@testable import PktmetaCommands

/// Plain arguments mean what ArgumentParser takes them for, and what it refuses is not taken for plain.
@Suite struct PlainArgumentsTests {
    static let pieces: [[String]] = [
        [], ["x"], ["state", "y*"], ["help"], ["--json"], ["--registry", "/r"], ["--registry=/r"], ["--registry"],
        ["--registry", "-r"], ["--registry", ""], ["--js"], ["--help"], ["-h"], ["--version"], ["--"], ["-"], [""],
        ["--type", "u32"], ["--type"], ["--source", "ktime", "--sample", "3"], ["--source", "none"],
        ["--sink", "mark"],
        ["--xdp", "none"], ["--tc", "none"], ["--xdp", "a:b"], ["--tc", "scrub"], ["--tc", ":"], ["--netns", "n"],
        ["--all"], ["--verbose"], ["--mode", "generic"], ["--tc-mode", "clsact"], ["--mode", "fast"],
        ["--owner", "a b"], ["--private"], ["--lock-timeout", "3"], ["--watch"],
        ["--sort", "name"],
        ["--generate-completion-script", "bash"],
    ]

    /// A command with up to two pieces, in any order, and a third that it may not do without.
    static func commandLines(_ command: String) -> [[String]] {
        let first = [[], ["--type", "u32"], ["x", "--type", "u32"]]
        return first.flatMap { a in pieces.flatMap { b in pieces.map { c in [command] + a + b + c } } }
    }

    @Test func theyMeanTheSame() throws {
        var plain = 0
        for arguments in Self.commandLines("inspect-map") {
            guard let request = PlainArguments.request(arguments) else { continue }
            plain += 1
            let parsed = try? Pktmeta.parseAsRoot(arguments)
            switch request {
            case let request as InspectMapRequest: #expect((parsed as? InspectMap)?.request == request)
            default: Issue.record("no command has requests like \(request)")
            }
        }
        #expect(plain > 20)
    }

    @Test(arguments: [
        ["inspect-map"], ["inspect-map", "--json", "--registry", "/r"], ["inspect-map", "field", "x"],
    ])
    func whatIsPlain(arguments: [String]) {
        #expect(PlainArguments.request(arguments) != nil)
    }

    @Test(arguments: [
        [], ["status"], ["attach-to-interface", "a"], ["inspect-map", "--watch"],
        ["register-field", "x", "--type", "u8"],
        ["inspect-map", "--json", "--json"], ["inspect", "x"],
    ])
    func whatIsNot(arguments: [String]) {
        #expect(PlainArguments.request(arguments) == nil)
    }
}
