// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Glibc
import Linux
import SystemPackage
import TestSupport
import Testing

/// How `pktmeta bench` and the program pktmeta-bench find each other, and what of a run is whose.
@Suite struct BenchProgramTests {
    /// Programs in a folder of their own.
    private final class Installation {
        let folder: ScratchFolder

        init(_ programs: String...) throws {
            // Else it would be found there.
            for program in programs {
                #expect(throws: Errno.noSuchFileOrDirectory) {
                    try SystemProgram.path(of: FilePath(program).lastComponent?.string ?? "")
                }
            }
            folder = try ScratchFolder()
            for program in programs { _ = try folder.copy(program: program) }
        }

        func run(_ words: String...) throws -> ChildProcess.Outcome {
            try ChildProcess.run([folder.path.appending(words[0]).string] + words.dropFirst())
        }

        func path(_ name: String) -> String { folder.path.appending(name).string }
    }

    @Test func withoutTheProgramItIsSaidHowToGetIt() throws {
        let installed = try Installation(Fixture.command)
        let refused = try installed.run("pktmeta", "bench", "encodings", "--rounds", "6")
        #expect(refused.status == 66)
        for text in [
            "pktmeta: cannot run the benchmark: ", "pktmeta-bench", installed.folder.path.string, "/usr/bin",
            "make release",
        ] {
            #expect(refused.output.contains(text), "\(refused.output)")
        }
        let json = try JSONSerialization.jsonObject(
            with: Data(try installed.run("pktmeta", "bench", "--json").output.utf8))
        let error = try #require((json as? [String: Any])?["error"] as? [String: Any])
        #expect(error["kind"] as? String == "not-found" && error["exitCode"] as? Int == 66)
        for words in [["help", "bench"], ["bench", "--help"], ["bench", "tcp", "-h"]] {
            let help = try ChildProcess.run([installed.path("pktmeta")] + words)
            #expect(try help.status == 0 && help.output == Fixture.help("help-bench"), "\(words): \(help.output)")
        }
    }

    @Test func whatItTakesAndHowItEndsIsThePrograms() throws {
        let help = try ChildProcess.run([Fixture.command, "bench", "--help"])
        #expect(try help.status == 0 && help.output == Fixture.help("help-pktmeta-bench"))
        for words in [["nosuch"], ["--rounds", "5"], ["tcp", "--json", "--rounds", "many"]] {
            let own = try ChildProcess.run([Fixture.bench] + words)
            let handedOver = try ChildProcess.run([Fixture.command, "bench"] + words)
            #expect(own.status == 64 && handedOver.status == 64)
            #expect(own.output == handedOver.output && !own.output.isEmpty)
        }
    }

    /// The terminal's keys are the program's, and so is its end, by which shells tell how it came about.
    @Test func theTerminalIsThePrograms() throws {
        try Kernel.run {
            let terminal = try PseudoTerminal(
                [Fixture.command, "bench", "frames", "--rounds", "9999"], rows: 24, columns: 80)
            try #require(eventually { terminal.foreground.map(Self.isNotingInterrupts) ?? false })
            terminal.type("\u{3}")
            try #require(eventually { terminal.end != nil })
            #expect(terminal.end?.status == 130)
            #expect(terminal.end?.errors.contains("pktmeta-bench: the benchmark stopped: signal 2") == true)
        }
    }

    /// Whether a process has become the program, and SIGINT does not kill it any more (SigCgt of proc_pid_status(5)).
    private static func isNotingInterrupts(_ process: Int32) -> Bool {
        guard Folder.target(ofLink: FilePath("/proc/\(process)/exe"))?.hasSuffix("/pktmeta-bench") == true,
            let status = try? String(decoding: Fixture.bytes(FilePath("/proc/\(process)/status")), as: UTF8.self),
            let caught = status.split(separator: "\n").first(where: { $0.hasPrefix("SigCgt:") })?.split(separator: "\t")
                .last,
            let signals = UInt64(caught, radix: 16)
        else { return false }
        return signals >> (UInt64(SIGINT) - 1) & 1 == 1
    }

    @Test func itIsFoundByWhicheverLinkTheCommandIsCalled() throws {
        let installed = try Installation(Fixture.command, Fixture.bench)
        let elsewhere = try ScratchFolder()
        let link = elsewhere.path.appending("pm").string
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: installed.path("pktmeta"))
        let version = try ChildProcess.run([link, "bench", "--version"])
        #expect(version.status == 0 && version.output == "0.1.0-dev\n", "\(version.output)")
    }

    /// In a folder where anybody may put files, such as /tmp, a program of somebody else's is not run.
    @Test func anotherUsersProgramIsNotRun() throws {
        let installed = try Installation(Fixture.command, Fixture.bench)
        try #require(chown(installed.path("pktmeta-bench"), OtherUser.id, OtherUser.id) == 0)
        let refused = try installed.run("pktmeta", "bench", "--version")
        #expect(refused.status == 66)
        #expect(refused.output.contains("\(installed.path("pktmeta-bench")) belongs neither to root nor to the owner"))
        try #require(chown(installed.path("pktmeta"), OtherUser.id, OtherUser.id) == 0)
        #expect(try installed.run("pktmeta", "bench", "--version").output == "0.1.0-dev\n")
    }

    /// The program measures the command beside it.
    @Test func withoutTheCommandTheRestIsMeasured() throws {
        try Kernel.run {
            let installed = try Installation(Fixture.bench)
            let alone = try installed.run("pktmeta-bench", "commands", "--rounds", "6")
            #expect(alone.status == 66, "\(alone.output)")
            #expect(
                alone.output.contains(
                    "pktmeta, a program of its own, is not installed in any of \(installed.folder.path)"))
            let others = try installed.run("pktmeta-bench", "programs", "commands", "--rounds", "6")
            #expect(others.status == 0 && others.output.contains("Not measured: commands"), "\(others.output)")
        }
    }
}
