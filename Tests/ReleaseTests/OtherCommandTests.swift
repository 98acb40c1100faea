// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// Commands that need nothing to be attached.
@Suite(Kernel.required) struct OtherCommandTests {
    static let commands = [
        "create-registry", "delete-registry", "register-field", "unregister-field", "attach-to-interface",
        "detach-from-interface", "attach-to-netfilter", "detach-from-netfilter", "attach-to-cgroup",
        "detach-from-cgroup", "create-steering", "delete-steering", "status", "inspect-map", "watch", "trace",
        "compact", "reset-state", "layout-digest", "repair", "plan", "diff", "apply", "export", "follow", "cni",
        "remove-from-host", "export-fields", "export-btf", "generate-header", "doctor", "demo",
        "bench",
    ]

    private func withCommand(_ memory: Memory, _ body: (ReleasedCommand) throws -> Void) throws {
        let scratch = ScratchRegistry()
        defer { withExtendedLifetime(scratch) {} }
        try Kernel.run { try body(ReleasedCommand(memory: memory, registry: scratch.path)) }
    }

    @Test func eachCommandIsHere() throws {
        try withCommand(.usual) { command in
            let help = try command.expect("--help").output
            #expect(help == (try Fixture.help("help")))
            let lines = help.split(separator: "\n").drop { $0 != "SUBCOMMANDS:" }
            let listed = lines.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.hasPrefix("  See ") }
            #expect(listed.compactMap { $0.split(separator: " ").first.map(String.init) } == Self.commands)
            // `make release` has written into it which commit it is of.
            let version = try command.expect("--version").output
            #expect(version.wholeMatch(of: /\d+\.\d+\.\d+(-dev\+g[0-9a-f]{7}(\.dirty)?)?\n/) != nil, "\(version)")
            let document = try command.expect("--version", "--json").output
            #expect(document.contains(/"commit" : "[0-9a-f]{40}"/), "\(document)")
        }
    }

    @Test(arguments: commands, Memory.allCases)
    func help(name: String, memory: Memory) throws {
        // The benchmark is a program of its own, with its own help.
        let program = name == "bench" ? "pktmeta-bench" : "pktmeta \(name)"
        try withCommand(memory) { command in
            #expect(try command.expect("help", name).output == Fixture.help("help-\(name)"))
            let help = try Fixture.help("help-\(name == "bench" ? program : name)")
            #expect(try command.expect(name, "--help").output == help)
            let wrong = try command.expect(name, "--nosuch", status: 64)
            #expect(wrong.errors.contains("Usage: \(program)"))
        }
    }

    @Test(arguments: [32, 64, 216], Memory.allCases)
    func createRegistry(capacity: Int, memory: Memory) throws {
        try withCommand(memory) { command in
            let document = try command.expect(
                "create-registry", "--capacity", "\(capacity)", "--mode-bits", "0644", "--json"
            ).json
            #expect(document["registry"]["capacity"].number == capacity)
            #expect(document["fields"].array.isEmpty)
            let registry = command.registry.appending("registry").string
            #expect(try ChildProcess.run(["stat", "-c", "%a", registry]).output == "644\n")
            for type in ["flag", "u8", "u16", "u32", "u64", "be16", "be32", "ipv4", "mac", "bytes:2"] {
                let name = "field_" + type.replacing(":", with: "_")
                let run = try command.run(["register-field", name, "--type", type, "--json"])
                if capacity > 32 {
                    #expect(try run.json["field"]["type"].text == type)
                } else {
                    #expect([0, 73].contains(run.status), "\(run.output)")
                }
            }
            let whole = try command.expect("inspect-map", "--json").json
            #expect(whole["registry"]["capacity"].number == capacity)
            #expect(whole["problems"].array.isEmpty)
            #expect(try command.expect("inspect-map").output.contains("of \(capacity - 16) bytes"))
            #expect(try command.expect("status").output.contains("0 programs attached to 0 hooks"))
        }
    }

    @Test(arguments: Memory.allCases)
    func withoutARegistry(memory: Memory) throws {
        try withCommand(memory) { command in
            for name in [
                "status", "inspect-map", "repair", "compact", "reset-state", "layout-digest", "export", "export-btf",
                "generate-header",
            ] {
                let run = try command.expect(name, status: 66)
                #expect(run.errors.contains("\(command.registry)"))
                let file = ["export", "export-btf", "generate-header"].contains(name) ? ["/dev/null/none"] : []
                let document = try command.expect([name] + file + ["--json"], status: 66).json
                #expect(document["error"]["exitCode"].number == 66, "\(name)")
            }
            #expect(try command.run(["delete-registry", "--force"]).status == 66)
            #expect(try command.run(["attach-to-interface", "nosuch0"]).status == 66)
        }
    }

    @Test(arguments: Memory.allCases)
    func demo(memory: Memory) throws {
        try withCommand(memory) { command in
            let shown = try command.expect("demo", "--packets", "100")
            #expect(shown.output.contains("100 UDP packets"))
            // The view state's line is the last that begins with the field's name.
            for (field, last) in [("tenant", "7"), ("sender", "192.0.2.1"), ("port", "4739"), ("length", "106")] {
                let lines = shown.output.split(separator: "\n").filter { $0.hasPrefix("\(field) ") }
                let words = try #require(lines.last).split(separator: " ")
                #expect(words.prefix(6) == [Substring(field), "100", "100", "0", "-", Substring(last)])
            }
        }
    }

    /// The parts that take least; BenchmarkCommandTests has them all.
    @Test(arguments: zip(["programs", "programs", "commands"], [Memory.usual, .poisoned, .usual]))
    func bench(part: String, memory: Memory) throws {
        try withCommand(memory) { command in
            let document = try command.expect("bench", part, "--rounds", "6", "--json").json
            let sections = document["sections"].array
            #expect(!sections.isEmpty)
            #expect(sections.allSatisfy { $0["part"].text == part && !$0["rows"].array.isEmpty })
        }
    }
}
