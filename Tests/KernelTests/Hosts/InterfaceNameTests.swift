// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// Interfaces by whatever names the kernel takes.
@Suite(Kernel.required) struct InterfaceNameTests {
    typealias Bench = AttachmentTests.Bench

    /// Makes a pair in this thread's network namespace; the shell makes bytes of what is spelled.
    private static func makePair(_ name: String, _ other: String) throws {
        let script = "ip link add \(ShellWord.quoted(name)) type veth peer name \(ShellWord.quoted(other))"
        let made = try ChildProcess.run(["bash", "-c", script])
        #expect(made.status == 0, "\(made.output)")
    }

    @Test func anAlternativeNameIsAnotherNameOfTheSame() throws {
        try Kernel.run {
            let bench = try Bench()
            let long = String(repeating: "a-long-name.", count: 10) + "1234567"
            try bench.pair.inReceiver {
                try VethPair.ip("link property add dev far0 altname \(long)")
                try VethPair.ip("link property add dev far0 altname short")
            }
            #expect(long.utf8.count == 127)
            let attached = try bench.command("attach-to-interface", long, "far0", "short")
            #expect(
                attached.output == "far0: XDP: producer attached (native)\nfar0: TC ingress: consumer attached (tcx)",
                "\(attached.errors)")
            #expect(try bench.command("doctor", long).exitCode == 0)
            let watched = try bench.command("watch", long, "short", "--duration", "0")
            #expect(watched.exitCode == 0, "\(watched.errors)")
            let detached = try bench.command("detach-from-interface", "short", long)
            #expect(detached.output.split(separator: "\n").count == 2, "\(detached.errors)")
            #expect(try bench.command("attach-to-interface", long + "8").exitCode == 66)
        }
    }

    /// Names that only Unicode takes for one are two, and bytes that are no text are spelled.
    @Test func namesAreBytes() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                try Self.makePair("e\u{301}x", "\u{e9}x")
                try Self.makePair("no\\xfftext", "two\\xe2\\x80")
            }
            let attached = try bench.command("attach-to-interface", "--all")
            #expect(attached.exitCode == 0, "\(attached.errors)")
            let lines = attached.output.split(separator: "\n").map { $0.split(separator: ":")[0] }
            let expected = ["far0", "\u{e9}x", "e\u{301}x", "no\\xfftext", "two\\xe2\\x80"].map { Array($0.utf8) }
            #expect(Set(lines.map { Array($0.utf8) }) == Set(expected))
            #expect(lines.count == 10, "two hooks each")
            let named = try bench.command("attach-to-interface", "e\u{301}x", "\u{e9}x", "no\\xfftext")
            #expect(named.output.split(separator: "\n").count == 6, "\(named.errors)")
            #expect(!named.output.contains("attached"))
            let status = try bench.command("status")
            #expect(status.output.contains("no\\xfftext") && status.output.contains("two\\xe2\\x80"))
            // As the shell hands it over.
            let raw = try bench.pair.inReceiver {
                try ChildProcess.run([
                    "bash", "-c", "exec \"$0\" detach-from-interface $'no\\xfftext' --registry \"$1\"", Fixture.command,
                    bench.scratch.path.string,
                ])
            }
            #expect(raw.output.hasPrefix("no\\xfftext: XDP: producer detached"), "\(raw.output)")
            #expect(try bench.command("detach-from-interface", "--all").output.split(separator: "\n").count == 8)
        }
    }

    /// What would move the cursor or turn the writing is spelled, in answers and in errors, and can be typed so.
    @Test func namesThatATerminalWouldObeyAreSpelled() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver { try Self.makePair("a\u{1b}[31m", "b\u{9b}2J\u{202e}") }
            for (name, spelled) in [
                ("a\u{1b}[31m", "a\\x1b[31m"), ("b\u{9b}2J\u{202e}", "b\\xc2\\x9b2J\\xe2\\x80\\xae"),
            ] {
                var runs: [CommandRun] = []
                for command in [
                    ["attach-to-interface", name], ["attach-to-interface", spelled], ["doctor", name], ["status"],
                    ["attach-to-interface", name, "--mode", "generic"], ["detach-from-interface", name],
                    ["detach-from-interface", name], ["attach-to-interface", "no-such-" + name],
                    ["attach-to-interface", name, "--no-such-\(name)"],
                ] {
                    runs.append(
                        try bench.pair.inReceiver { CommandRun(command + ["--registry", bench.scratch.path.string]) })
                }
                #expect(runs.map(\.exitCode) == [0, 0, 0, 0, 73, 0, 66, 66, 64])
                for run in runs {
                    let text = run.output + run.errors
                    #expect(text.contains(spelled), "\(text)")
                    #expect(!text.unicodeScalars.contains { SpelledBytes.isInvisible($0) && $0 != "\n" }, "\(text)")
                }
                // The way out works as it is printed.
                let quoted = "$'\(spelled)'"
                #expect(runs[4].errors.contains("pktmeta detach-from-interface --registry"), "\(runs[4].errors)")
                #expect(runs[4].errors.contains("\(quoted) --xdp first"), "\(runs[4].errors)")
                // Documents have the name itself, in characters that no terminal obeys.
                let json = try bench.command("attach-to-interface", name, "--json")
                let attachments = try #require(try json.json["attachments"] as? [[String: any Sendable]])
                #expect(attachments.allSatisfy { $0["interface"] as? String == name })
                #expect(!json.output.unicodeScalars.contains { SpelledBytes.isInvisible($0) && $0 != "\n" })
                #expect(try bench.command("detach-from-interface", name).exitCode == 0)
            }
        }
    }

    @Test func ownersThatATerminalWouldObeyAreSpelled() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let owner = "me\u{9b}2J\u{202e}"
            let registered = RegistryTests.command(scratch, "register-field", "x", "--type", "u8", "--owner", owner)
            #expect(registered.exitCode == 0, "\(registered.errors)")
            for command in [["inspect-map"], ["inspect-map", "registry", "x"], ["inspect-map", "--json"]] {
                let run = CommandRun(command + ["--registry", scratch.path.string])
                #expect(!run.output.unicodeScalars.contains { SpelledBytes.isInvisible($0) && $0 != "\n" })
            }
            let other = RegistryTests.command(scratch, "register-field", "x", "--type", "u16", "--owner", "you")
            #expect(other.exitCode == 73)
            #expect(!other.errors.unicodeScalars.contains { SpelledBytes.isInvisible($0) && $0 != "\n" })
        }
    }
}
