// SPDX-License-Identifier: BSD-2-Clause

import ArgumentParser
import BenchCommands
import RegistryModel
import TestSupport
import Testing

@testable import PktmetaCommands

@Suite struct HelpTests {
    static let names = Pktmeta.configuration.subcommands.map { $0._commandName }

    @Test func theRootsHelp() throws {
        try expectSnapshot(Pktmeta.helpMessage(columns: 80), "help.txt")
        let run = CommandRun(["--help"])
        #expect(run.exitCode == 0)
        for name in Self.names { #expect(run.output.contains(name)) }
    }

    @Test(arguments: Pktmeta.configuration.subcommands.indices)
    func eachCommandsHelp(index: Int) throws {
        let command = Pktmeta.configuration.subcommands[index]
        let name = command._commandName
        try expectSnapshot(Pktmeta.helpMessage(for: command, columns: 80), "help-\(name).txt")
        let run = CommandRun([name, "--help"])
        #expect(run.exitCode == 0)
        #expect(run.errors == "")
        #expect(CommandRun(["help", name]).output == run.output)
    }

    /// `pktmeta bench` shows this help if pktmeta-bench is installed (BenchProgramTests), else its own.
    @Test func theBenchmarksHelp() throws {
        try expectSnapshot(PktmetaBench.helpMessage(columns: 80), "help-pktmeta-bench.txt")
        #expect(CommandRun(["--help"], of: PktmetaBench.self).exitCode == 0)
    }

    /// As the article on commands has it.
    @Test func whatEachCommandTakes() throws {
        func lacking(_ option: String) -> [String] {
            Self.names.filter { !CommandRun([$0, "--help"]).output.contains(option) }
        }
        #expect(lacking("--json") == ["cni", "demo"])
        #expect(lacking("--registry <") == ["cni", "demo", "bench"])
        #expect(
            try Fixture.documentation("Commands.md").replacing("\n", with: " ").contains(
                "Each command has `--help`; all but `demo` and `cni`, whose documents are the specification's, have `--json`; "
                    + "all but these and `bench` have `--registry PATH`"))
    }

    @Test(arguments: [
        ["nosuch"], ["register-field"], ["register-field", "x"], ["register-field", "x", "--type"],
        ["attach-to-interface"], ["attach-to-interface", "lo", "--mode", "fast"],
        ["attach-to-interface", "lo", "--xdp", "none", "--tc", "none"], ["attach-to-interface", "lo", "--xdp", ":x"],
        ["detach-from-interface"], ["unregister-field"], ["compact", "--lock-timeout", "-1"],
        ["compact", "--lock-timeout", "soon"], ["compact", "--lock-timeout", "nan"], ["demo", "--packets", "0"],
        ["demo", "extra"],
    ])
    func wrongUsageIs64(arguments: [String]) {
        let run = CommandRun(arguments)
        #expect(run.exitCode == 64)
        #expect(run.output == "")
        #expect(run.errors.hasPrefix("Error: "))
        #expect(run.errors.contains("Usage: pktmeta"))
    }

    @Test func wrongUsageIsJSONToo() throws {
        let run = CommandRun(["attach-to-interface", "lo", "--json", "--mode", "fast"])
        #expect(run.exitCode == 64)
        #expect(run.errors == "")
        let error = try #require(try run.json["error"] as? [String: any Sendable])
        #expect(error["kind"] as? String == "usage")
    }

    /// There is no limit to be told.
    @Test(arguments: [("0", 0.0), ("0.5", 0.5), ("1e9", 1e9), ("1e10", 1e9), ("inf", 1e9)])
    func anyTimeCanBeWaited(text: String, seconds: Double) throws {
        #expect(WritingOptions.Seconds(argument: text)?.duration == .seconds(seconds))
    }

    /// A container runtime calls a plugin by its name.
    @Test(arguments: [("pktmeta-cni", true), ("/opt/cni/bin/pktmeta-cni", true), ("pktmeta", false), ("", false)])
    func aNameIsACommand(name: String, isPlugin: Bool) {
        #expect(Pktmeta.arguments([], calledAs: name) == (isPlugin ? ["cni"] : []))
        #expect(PktmetaBench.arguments(["x"], calledAs: name) == ["x"])
    }

    @Test func theVersion() {
        // Nobody has stamped this build.
        #expect(CommandRun(["--version"]).output == "0.1.0-dev")
        #expect(CommandRun(["--version"], of: PktmetaBench.self).output == "0.1.0-dev")
        #expect(CommandRun(["--version", "status"]).output == "0.1.0-dev")
        for arguments in [["--version", "--json"], ["--json", "--version"]] {
            let document = CommandRun(arguments).output
            #expect(document.contains("\"pktmeta\" : \"0.1.0-dev\"") && !document.contains("commit"), "\(document)")
            #expect(document.contains("\"abi\" : \(RegistryWord.abiVersion)"), "\(document)")
            #expect(document.contains("\"libbpf\" : \"1."), "\(document)")
        }
    }
}
