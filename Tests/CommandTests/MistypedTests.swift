// SPDX-License-Identifier: BSD-2-Clause

import BenchCommands
import SystemPackage
import TestSupport
import Testing

@testable import PktmetaCommands

/// What is mistyped is called that, with what was most likely meant.
@Suite struct MistypedTests {
    @Test(arguments: [
        (["atach-to-interface"], "There is no command 'atach-to-interface'. Did you mean attach-to-interface?"),
        (["atach-to-interface", "eth0", "--xdp", "none"], "Did you mean attach-to-interface?"),
        (["inspect", "--json-lines"], "There is no command 'inspect'. Did you mean inspect-map?"),
        (["help", "statsu"], "There is no command 'statsu'. Did you mean status?"),
        (["hlep"], "Did you mean help?"),
        (["xyzzy"], "There is no command 'xyzzy'. pktmeta --help lists all."),
        (["--registry", "/r", "status"], "Options go behind the command: pktmeta status --registry"),
        (["status", "--jsno"], "Unknown option '--jsno'. Did you mean '--json'?"),
        (["register-field", "x", "--tpye", "u8"], "Unknown option '--tpye'. Did you mean '--type'?"),
        (["register-field", "x", "--typ=u8"], "Unknown option '--typ'. Did you mean '--type'?"),
        (["register-field", "x", "--owner", "y"], "Missing expected argument '--type <type>'"),
        (["attach-to-interface", "x", "--mode", "nativ"], "Please provide one of 'auto', 'native' or 'generic'."),
        (["attach-to-interface", "x", "--tc-mode", "txc"], "Please provide one of 'auto', 'tcx' or 'clsact'."),
        (["inspect-map", "--sort", "nmae"], "- name"),
        (["watch", "lo", "--duration", "-1"], "The value '-1' is invalid for '--duration <seconds>'"),
        (["watch", "lo", "--count", "-1"], "--count is 1 or more."),
        (["compact", "--lock-timeout", "-.5"], "The value '-.5' is invalid for '--lock-timeout <seconds>'"),
        (["demo", "--packets", "-5"], "--packets is a number from 1 to 1000000."),
    ])
    func arguments(arguments: [String], message: String) { expect(CommandRun(arguments), message) }

    /// A program without commands of its own.
    @Test(arguments: [
        (["encoding"], "- encodings"), (["tcp", "--rouds", "7"], "Unknown option '--rouds'. Did you mean '--rounds'?"),
        (["--rounds", "-5"], "--rounds is a number from 6 to 10000."),
        (["--rounds", "many"], "The value 'many' is invalid for '--rounds <rounds>'"),
    ])
    func argumentsOfTheBenchmark(arguments: [String], message: String) {
        let run = CommandRun(arguments, of: PktmetaBench.self)
        expect(run, message)
        #expect(run.errors.contains("Usage: pktmeta-bench "), "\(run.errors)")
    }

    private func expect(_ run: CommandRun, _ message: String) {
        #expect(run.exitCode == 64)
        #expect(run.output == "")
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(!run.errors.contains("Unknown option") || message.contains("Unknown option"), "\(run.errors)")
    }

    /// Of each option that takes a value, whatever its command; and nothing else is touched.
    @Test func negativeNumbersAreValues() {
        func joined(_ arguments: [String]) -> [String] {
            Mistyped(arguments, for: Pktmeta.self).withNegativeNumbersJoined
        }
        for command in HelpTests.names {
            let help = CommandRun([command, "--help"]).output.split(whereSeparator: \.isWhitespace).map(String.init)
            for (option, value) in zip(help, help.dropFirst()) where option.hasPrefix("--") && value.hasPrefix("<") {
                #expect(joined([command, "x", option, "-1", "-2"]) == [command, "x", "\(option)=-1", "-2"])
                let behind = [command, "--", option, "-1"]
                #expect(joined(behind) == behind)
            }
            #expect(joined([command, "--json", "-1"]) == [command, "--json", "-1"])
        }
    }

    @Test func programsAreToldToo() throws {
        let run = CommandRun(["inspect", "--json"])
        #expect(run.exitCode == 64 && run.errors == "")
        let error = try #require(try run.json["error"] as? [String: any Sendable])
        #expect(error["kind"] as? String == "usage")
        #expect((error["reason"] as? String)?.contains("Did you mean inspect-map?") == true)
    }

    /// A value in a word of its own, or joined to its option.
    @Test(arguments: [
        (["register-field", "x", "--type", "u23"], ["register-field", "x", "--type=u23"]),
        (
            ["register-field", "x", "--type", "u8", "--sink", "mrak"],
            ["register-field", "x", "--type=u8", "--sink=mrak"]
        ),
        (
            ["register-field", "x", "--type", "u32", "--source", "sequenc"],
            ["register-field", "x", "--type=u32", "--source=sequenc"]
        ),
        (["attach-to-interface", "lo", "--xdp", "prebilt"], ["attach-to-interface", "lo", "--xdp=prebilt"]),
        (["attach-to-interface", "loo"], ["attach-to-interface", "loo", "--lock-timeout=1"]),
    ])
    func valuesAreToldHoweverTheyAreWritten(plain: [String], other: [String]) {
        let scratch = ScratchRegistry()
        let registry = ["--registry", scratch.path.string]
        let (first, second) = (CommandRun(plain + registry), CommandRun(other + registry))
        #expect(first.exitCode == second.exitCode && first.exitCode != 0)
        #expect(first.errors == second.errors)
        #expect(first.errors.contains("Did you mean "), "\(first.errors)")
    }

    /// Nothing is made for what is mistyped.
    @Test func noRegistryIsLeftBehind() {
        let scratch = ScratchRegistry()
        let run = CommandRun([
            "attach-to-interface", "lo", "--xdp", "prebilt", "--registry", scratch.path.string,
        ])
        #expect(run.exitCode == 65)
        #expect(!run.errors.contains("created the registry"), "\(run.errors)")
    }
}
