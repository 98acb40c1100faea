// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// `attach-to-interface --no-pin`: attached for as long as the process lives.
@Suite(Kernel.required) struct HeldTests {
    typealias Bench = AttachmentTests.Bench

    /// A `pktmeta` in the background.
    final class Background {
        let pid: String
        private let log: FilePath
        private let folder: ScratchFolder

        /// - Parameter prefix: what a shell does before it runs the command in its place.
        init(_ bench: Bench, _ arguments: String..., prefix: String = "") throws {
            let folder = try ScratchFolder()
            log = folder.path.appending("log")
            self.folder = folder
            let words = [Fixture.command] + arguments + ["--registry", bench.scratch.path.string]
            let command = words.map { "'\($0)'" }.joined(separator: " ")
            let outcome = try bench.pair.inReceiver { [log] in
                try ChildProcess.run(["sh", "-c", "(\(prefix) exec \(command)) >\(log) 2>&1 & echo $!"])
            }
            pid = outcome.output.filter(\.isNumber)
        }

        var output: String { (try? String(decoding: Fixture.bytes(log), as: UTF8.self)) ?? "" }

        func end(_ signal: String) throws {
            let outcome = try ChildProcess.run(["kill", "-\(signal)", pid])
            #expect(outcome.status == 0, "\(outcome.output)")
        }

        deinit { _ = try? ChildProcess.run(["kill", "-KILL", pid]) }
    }

    @Test(arguments: ["INT", "TERM", "HUP", "KILL"])
    func detachesHoweverItEnds(signal: String) throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1")
            let held = try Background(bench, "attach-to-interface", "far0", "--no-pin")
            let isAttached = eventually { held.output.contains("attached until this process ends") }
            #expect(isAttached, "\(held.output)")
            #expect(
                held.output.contains("far0: XDP: producer attached (native)\nfar0: TC ingress: consumer attached (tcx)")
            )
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            try bench.pair.send(10)
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            let field = try #require(try registry.image().field(named: FieldName("tenant")))
            #expect(try registry.state(of: field).got == 10)

            try held.end(signal)
            let isGone = try eventually {
                try bench.attachedXDP() == nil && TCAttachmentTests.order(bench).isEmpty
            }
            #expect(isGone)
        }
    }

    /// What nothing is pinned of is shown with the process that holds it.
    @Test func statusShowsWhatAProcessHolds() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1")
            let held = try Background(bench, "attach-to-interface", "far0", "--no-pin")
            let isAttached = eventually { held.output.contains("attached until this process ends") }
            #expect(isAttached, "\(held.output)")
            let text = try bench.command("status").output
            #expect(text.contains("0 programs attached to 0 hooks, 2 held by processes"), "\(text)")
            #expect(text.contains(/held: producer \(id \d+\) on XDP of far0, by process \d+ \(pktmeta\)/), "\(text)")
            #expect(text.contains("consumer") && text.contains("by process \(held.pid) "), "\(text)")
            let found = try Registry.open(at: bench.scratch.path, for: .read).heldPrograms()
            #expect(found?.map(\.processes.first?.processID) == [Int(held.pid), Int(held.pid)])
            let unseen = try ChildProcess.run([
                "setpriv", "--bounding-set=-sys_admin", Fixture.command, "status", "--json", "--registry",
                bench.scratch.path.string,
            ])
            #expect(unseen.status == 0 && !unseen.output.contains("\"held\""), "\(unseen.output)")
            try held.end("TERM")
            let isGone = try eventually { try bench.command("status").output.contains("0 hooks") }
            #expect(isGone)
        }
    }

    @Test func followsTheRegistry() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            let object = AttachmentTests.object("bound_count")
            let held = try Background(
                bench, "attach-to-interface", "far0", "--no-pin", "--xdp", "prebuilt", "--tc", object)
            let isAttached = eventually { held.output.contains("attached until") }
            #expect(isAttached, "\(held.output)")
            let before = try bench.attachedXDP()
            let run = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:7")
            #expect(run.exitCode == 0)
            let isNew = try eventually { try bench.attachedXDP() != before }
            #expect(isNew)
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            let field = try #require(try registry.image().field(named: FieldName("tenant")))
            let isSet = try eventually {
                try bench.pair.send(1)
                return try registry.state(of: field).set > 0
            }
            #expect(isSet)

            try bench.pair.inReceiver { try VethPair.ip("link del far0") }
            let hasEnded = eventually(within: .seconds(30)) { held.output.contains("far0: the interface is gone") }
            #expect(hasEnded, "\(held.output)")
        }
    }

    /// As nohup(1) begins it.
    @Test func staysWhenTheTerminalGoesIfToldSo() throws {
        try Kernel.run {
            let bench = try Bench()
            let held = try Background(
                bench, "attach-to-interface", "far0", "--no-pin", prefix: "trap '' HUP;")
            let isAttached = eventually { held.output.contains("attached until") }
            #expect(isAttached, "\(held.output)")
            try held.end("HUP")
            // Longer than it takes to notice another.
            Pause.sleep(milliseconds: 300)
            #expect(try bench.attachedXDP() != nil)
            try held.end("TERM")
            let isGone = try eventually { try bench.attachedXDP() == nil }
            #expect(isGone)
        }
    }

    @Test(arguments: [false, true])
    func noticesThatItsRegistryIsGone(isReplaced: Bool) throws {
        try Kernel.run {
            let bench = try Bench()
            let held = try Background(bench, "attach-to-interface", "far0", "--no-pin")
            let isAttached = eventually { held.output.contains("attached until") }
            #expect(isAttached, "\(held.output)")
            #expect(try bench.command("delete-registry", "--force").exitCode == 0)
            if isReplaced { #expect(try bench.command("create-registry").exitCode == 0) }
            let hasEnded = eventually {
                held.output.contains("cannot stay attached to far0: the registry \(bench.scratch.path) was removed")
            }
            #expect(hasEnded, "\(held.output)")
            let isGone = try eventually { try bench.attachedXDP() == nil }
            #expect(isGone)
        }
    }

    @Test func refusesWhatCannotBe() throws {
        try Kernel.run {
            let bench = try Bench()
            let join = try bench.command("attach-to-interface", "far0", "--no-pin", "--join", "--xdp", ChainTests.stamp)
            #expect(join.exitCode == 64)
            let filter = try bench.command("attach-to-interface", "far0", "--no-pin", "--tc-mode", "clsact")
            #expect(filter.exitCode == 64)
            #expect(try bench.command("attach-to-interface", "far0").exitCode == 0)
            let taken = try bench.command("attach-to-interface", "far0", "--no-pin")
            #expect(taken.exitCode == 73)
            #expect(taken.errors.contains("of the registry \(bench.scratch.path)"), "\(taken.errors)")
        }
    }
}
