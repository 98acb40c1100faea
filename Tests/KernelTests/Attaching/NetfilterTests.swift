// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// attach-to-netfilter and detach-from-netfilter, as a user runs them.
@Suite(Kernel.required, .serialized) struct NetfilterTests {
    /// Linux 6.4; none between 6.1 and 6.12 is tried.
    private static let isThere = SurvivalKernel.running >= .linux612
    private static let input = "ipv4_input_7"

    /// Runs a test where the kernel has netfilter programs; else it is the refusal that is tested.
    static func run(_ body: () throws -> Void) throws {
        try Kernel.run {
            if isThere { return try body() }
            let bench = try FilterBench()
            let run = try bench.command("attach-to-netfilter", bench.object("in_netfilter"), "--hook", "input")
            #expect(run.exitCode == 69)
            #expect(run.errors.contains("the kernel has no netfilter programs (EINVAL); they came with Linux 6.4"))
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    private static let count = 20

    @Test(arguments: ["prerouting", "input"], SkbTests.compilers)
    func fieldsAreRightThere(hook: String, compiler: Fixture.Compiler) throws {
        try Self.run {
            let bench = try FilterBench(compiler)
            let output = try bench.run("attach-to-netfilter", bench.object("in_netfilter"), "--hook", hook)
            #expect(
                output == """
                    ipv4 \(hook), priority 7: netfilter: in_netfilter attached (link)
                    ipv6 \(hook), priority 7: netfilter: in_netfilter attached (link)
                    """)
            try bench.send(Self.count)
            let name = "ipv4_\(hook)_7"
            let before = try bench.seen(name, at: .netfilter, packets: Self.count)
            #expect("\(before)" == "20 packets, right 0, wrong 0, -EFAULT 40")
            try bench.numberPackets()
            try bench.send(Self.count)
            let after = try bench.seen(name, at: .netfilter, packets: 2 * Self.count)
            #expect("\(after)" == "40 packets, right 40, wrong 0, -EFAULT 40")
            #expect(bench.received(2 * Self.count) == 2 * Self.count)
        }
    }

    @Test(arguments: Fixture.Compiler.usual)
    func tenantsAreDropped(compiler: Fixture.Compiler) throws {
        try Self.run {
            let bench = try FilterBench(compiler, fields: FilterBench.tenants)
            try bench.run(
                "attach-to-interface", "far0", "--xdp", Fixture.example("acme_ingress", compiler).string, "--tc", "none"
            )
            try bench.run(
                "attach-to-netfilter", Fixture.example("umbrella_firewall", compiler).string, "--hook", "input",
                "--family", "ipv4")
            try bench.send(Self.count)
            #expect(bench.received(Self.count) == Self.count)
            let maps = try bench.attachment(Self.input).members[0].folders.maps
            let blocked = try BPFMap(pinnedAt: maps.appending("blocked_tenants"))
            try blocked.update(at: 2, [1])  // of 192.0.2.1, by its /24
            try bench.send(Self.count)
            #expect(bench.received(0) == 0)
            let dropped = try BPFMap(pinnedAt: maps.appending("dropped_packets")).values(at: 0)[0]
            #expect(decode(dropped, as: UInt64.self) == UInt64(Self.count))
        }
    }

    @Test func aProgramIsReplacedAtItsPriorityAndRunsBesideOthers() throws {
        try Self.run {
            let bench = try FilterBench()
            func attach(_ program: String, _ more: String...) throws -> String {
                let arguments = ["attach-to-netfilter", bench.object(program), "--hook", "input", "--family", "ipv4"]
                let run = try bench.attachments.pair.inReceiver {
                    CommandRun(arguments + more + ["--registry", bench.scratch.path.string])
                }
                return run.exitCode == 0 ? run.output : run.errors
            }
            #expect(try attach("in_netfilter") == "ipv4 input, priority 7: netfilter: in_netfilter attached (link)")
            let pins = bench.scratch.pins
            #expect(try attach("in_netfilter") == "ipv4 input, priority 7: netfilter: in_netfilter unchanged (link)")
            #expect(try attach("dropping") == "ipv4 input, priority 7: netfilter: dropping replaced (link)")
            #expect(bench.scratch.pins == pins)
            try bench.send(Self.count)
            #expect(bench.received(0) == 0)
            #expect(
                try attach("in_netfilter", "--priority", "mangle+1")
                    == "ipv4 input, priority -149: netfilter: in_netfilter attached (link)")
            try bench.send(Self.count)
            #expect(try bench.seen("ipv4_input_m149", at: .netfilter).packets == UInt64(Self.count))
            // A link keeps how it gets packets.
            #expect(try attach("dropping", "--defragment").contains("dropping is attached to it without --defragment"))
            #expect(
                try attach("dropping", "--priority", "-399", "--defragment")
                    == "ipv4 input, priority -399: netfilter: dropping attached (defragmenting)")
            #expect(
                try attach("dropping", "--priority", "-400", "--defragment").contains(
                    "the priority is to be greater than -400"))
            let priorities = try bench.status.compactMap(\.place.netfilter?.priority)
            #expect(priorities == [-399, -149, 7])
            #expect(
                try bench.run("detach-from-netfilter", "--priority", "-149")
                    == "ipv4 input, priority -149: netfilter: in_netfilter detached (link)")
            #expect(try bench.run("detach-from-netfilter").split(separator: "\n").count == 2)
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            // What is detached is so when the command returns.
            for _ in 0..<20 {
                #expect(try attach("dropping").contains("attached"))
                _ = try bench.run("detach-from-netfilter")
            }
            try bench.send(Self.count)
            #expect(bench.received(Self.count) == Self.count)
            let nothing = try bench.command("detach-from-netfilter", "--hook", "output")
            #expect(nothing.exitCode == 66 && nothing.errors.contains("cannot detach from netfilter: nothing of the"))
        }
    }

    /// A packet finds the old program, the new one, or both.
    @Test func noPacketPassesWhileAProgramIsReplaced() throws {
        try Self.run {
            let bench = try FilterBench()
            try bench.numberPackets()
            try bench.run(
                "attach-to-netfilter", bench.object("dropping"), "--hook", "input", "--family", "ipv4")
            let first = try bench.attachment(Self.input).hold()
            let sent = try bench.changeUnderTraffic()
            #expect(bench.received(0) == 0)
            let hold = try #require(try bench.attachment(Self.input).hold())
            #expect(first?.programID != hold.programID)
            #expect(hold.link?.kind == .netfilter(NetfilterHook(.ipv4, .input, priority: 7).position(.link)))
            let seen = try bench.seen(Self.input, at: .netfilter, packets: Int(sent))
            #expect(seen.packets >= sent && seen.wrong == 0, "\(sent) sent, \(seen)")
            print("netfilter: \(sent) packets during 40 changes, \(seen.packets - sent) met two programs")
        }
    }

    /// Where a process that replaces a program may be killed.
    enum Stage: CaseIterable { case standInIsThere, linkIsGone, linkIsNew, standInIsGone }

    @Test(arguments: Stage.allCases) func aKilledReplacementIsFinished(stage: Stage) throws {
        try Self.run {
            let bench = try FilterBench()
            try bench.run(
                "attach-to-netfilter", bench.object("in_netfilter"), "--hook", "input", "--family", "ipv4")
            let attachment = try bench.attachment(Self.input)
            try Self.replace(attachment, by: "dropping", bench, until: stage)
            #expect(try bench.status.flatMap(StatusTests.ours).map(\.state) == [.attached])
            // From another network namespace.
            let repair = CommandRun(["repair", "--registry", bench.scratch.path.string])
            #expect(
                repair.output.contains(": netfilter: dropping: finished a replacement that was cut short"),
                "\(repair.output)\(repair.errors)")
            #expect(!bench.scratch.pins.contains { $0.contains("/next") || $0.contains("stand-in") })
            let finished = try bench.attachment(Self.input)
            #expect(finished.record.program == "dropping")
            #expect(try finished.hold()?.link?.kind == .netfilter(Self.place.position(.link)))
            try bench.send(Self.count)
            #expect(bench.received(0) == 0)
            #expect(try bench.run("detach-from-netfilter").contains("dropping detached"))
            try bench.send(Self.count)
            #expect(bench.received(Self.count) == Self.count)
        }
    }

    private static let place = NetfilterHook(.ipv4, .input, priority: 7)

    /// Replaces a program, and leaves links and folders as a command that is killed on the way leaves them.
    private static func replace(
        _ attachment: PacketMetadata.Attachment, by program: String, _ bench: FilterBench, until stage: Stage
    ) throws {
        let registry = try Registry.open(at: bench.scratch.path, for: .write)
        let folders = attachment.folders
        try bench.attachments.pair.inReceiver {
            let target = try NetfilterTarget(place, netns: nil)
            let attacher = Attacher(target, programs: CommandPrograms(), action: .attach(to: [place.description]))
            let spec = try attacher.programs.spec(
                .object(Fixture.object("filter_places"), program: program), .netfilter, registry.image())
            let chain = try attacher.loader(.netfilter, .link, isAttached: true).load(
                [ChainLoader.Entry(spec: spec)], in: registry)
            try AttachmentStore(of: bench.scratch.path).swap(
                attachment, to: RecordedChain(chain, mode: .link, at: target.site, hasEthernetHeader: false))
            try folders.current.entry.exchange(with: folders.next.entry)
            let old = try BPFProgram(pinnedAt: folders.current.member(0).program)
            let new = try BPFProgram(pinnedAt: folders.next.member(0).program)
            if stage == .standInIsGone { return }
            let beside = NetfilterHook(.ipv4, .input, priority: 8)
            try BPFLink.netfilter(new, at: beside.position(.link)).pin(at: folders.standIn)
            if stage == .linkIsNew { return }
            try BPFLink(pinnedAt: folders.link).detach()
            try folders.link.unlink()
            if stage == .linkIsGone { return }
            try BPFLink.netfilter(old, at: place.position(.link)).pin(at: folders.link)
        }
    }

    /// Where others have the place by the time, the program stays beside it.
    @Test(arguments: ["repair", "register-field"])
    func aReplacementWhosePlaceIsTakenStaysBesideIt(command: String) throws {
        try Self.run {
            let bench = try FilterBench()
            try bench.run(
                "attach-to-netfilter", bench.object("in_netfilter"), "--hook", "input", "--family", "ipv4")
            let attachment = try bench.attachment(Self.input)
            try Self.replace(attachment, by: "dropping", bench, until: .linkIsGone)
            let others = try bench.attachments.pair.inReceiver {
                let old = try BPFProgram(pinnedAt: attachment.folders.current.member(0).program)
                return LinkBox(try BPFLink.netfilter(old, at: Self.place.position(.link)))
            }
            for _ in 0..<2 { #expect(try bench.command("repair").exitCode == 0) }
            let kind = try bench.attachment(Self.input).hold()?.link?.kind
            #expect(kind == .netfilter(NetfilterHook(.ipv4, .input, priority: 8).position(.link)))
            try bench.send(Self.count)
            #expect(bench.received(0) == 0)
            let status = try bench.run("status")
            #expect(status.contains("ipv4 input, priority 7") && status.contains("link (at 8)"), "\(status)")
            #expect(status.contains("pktmeta repair moves it back once that is free"), "\(status)")
            let json = try bench.command("status", "--json").json
            let hook = try #require((json["hooks"] as? [[String: Any]])?.first { ($0["netfilter"] != nil) })
            let program = try #require((hook["programs"] as? [[String: Any]])?.first)
            #expect(program["standsAtPriority"] as? Int == 8 && program["state"] as? String == "attached")
            // And goes back as soon as it can.
            try others.link.detach()
            if command == "repair" {
                let repaired = try bench.run("repair")
                #expect(
                    repaired.contains("ipv4 input, priority 7: netfilter: dropping: moved back from priority 8"),
                    "\(repaired)")
            } else {
                try bench.run("register-field", "other", "--type", "u8")
            }
            #expect(try bench.status.flatMap(StatusTests.ours).map(\.standsAt) == [nil])
            #expect(!bench.scratch.pins.contains { $0.contains("stand-in") })
            let back = try bench.attachment(Self.input).hold()?.link?.kind
            #expect(back == .netfilter(Self.place.position(.link)))
            try bench.send(Self.count)
            #expect(bench.received(0) == 0)
        }
    }

    /// A command that is killed while it moves a program back has left it beside its place, or at both.
    @Test(arguments: [false, true]) func aKilledMoveBackIsFinished(isLinkNew: Bool) throws {
        try Self.run {
            let bench = try FilterBench()
            try bench.run(
                "attach-to-netfilter", bench.object("dropping"), "--hook", "input", "--family", "ipv4")
            let folders = try bench.attachment(Self.input).folders
            let beside = NetfilterHook(.ipv4, .input, priority: 8)
            try bench.attachments.pair.inReceiver {
                let program = try BPFProgram(pinnedAt: folders.current.member(0).program)
                try BPFLink.netfilter(program, at: beside.position(.link)).pin(at: folders.standIn)
            }
            if !isLinkNew {
                try BPFLink(pinnedAt: folders.link).detach()
                try folders.link.unlink()
            }
            #expect(try bench.status.flatMap(StatusTests.ours).map(\.standsAt) == [beside])
            try bench.run("repair")
            #expect(try bench.status.flatMap(StatusTests.ours).map(\.standsAt) == [nil])
            #expect(try bench.attachment(Self.input).hold()?.link?.kind == .netfilter(Self.place.position(.link)))
            #expect(!bench.scratch.pins.contains { $0.contains("stand-in") })
            try bench.send(Self.count)
            #expect(bench.received(0) == 0)
        }
    }

    @Test func aPriorityThatOthersHaveIsRefused() throws {
        try Self.run {
            let bench = try FilterBench()
            let registry = try Registry.open(at: bench.scratch.path, for: .write)
            let object = try registry.objectOfOthers(
                Fixture.object("filter_places"), name: "others", withKernelTypes: true)
            let program = try object.load(only: "in_netfilter")
            let link = try bench.attachments.pair.inReceiver {
                LinkBox(
                    try BPFLink.netfilter(program, at: NetfilterHook(.ipv4, .input, priority: 17).position(.link)))
            }
            let run = try bench.command(
                "attach-to-netfilter", bench.object("dropping"), "--hook", "input", "--priority", "17")
            #expect(run.exitCode == 73)
            #expect(
                run.errors.contains(
                    "in_netfilter (id \(program.id)) has priority 17 at its ipv4 input hook, where the kernel lets no BPF program be beside others"
                ))
            #expect(run.errors.contains("Another --priority is free"))
            // Neither that of the other family, which came before or would come.
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            withExtendedLifetime(link) {}
        }
    }

    @Test func programsOfOtherHooksAreRefused() throws {
        try Self.run {
            let bench = try FilterBench()
            let tc = try bench.command(
                "attach-to-netfilter", Fixture.object("sharing_tc").string + ":read_stamp", "--hook", "input")
            #expect(tc.exitCode == 65)
            #expect(tc.errors.contains("Programs for netfilter are SEC(\"netfilter\")."))
            #expect(tc.errors.contains("pktmeta attach-to-interface"))
            let interface = try bench.command(
                "attach-to-interface", "far0", "--tc", bench.object("in_netfilter"), "--xdp", "none")
            #expect(interface.exitCode == 65)
            #expect(interface.errors.contains("is SEC(\"netfilter\"), for netfilter"))
            #expect(interface.errors.contains("attach-to-netfilter"))
            #expect(try bench.command("attach-to-netfilter", bench.object("dropping")).exitCode == 64)
        }
    }

    @Test func documentsTellThePlace() throws {
        try Self.run {
            let bench = try FilterBench()
            let run = try bench.command(
                "attach-to-netfilter", bench.object("in_netfilter"), "--hook", "output", "--family", "ipv6",
                "--priority",
                "security", "--json")
            let attached = try #require(try run.json["attachments"] as? [[String: Any]]).first
            let place = try #require(attached?["netfilter"] as? [String: Any])
            #expect(place["family"] as? String == "ipv6" && place["hook"] as? String == "output")
            #expect(place["priority"] as? Int == 50 && attached?["interface"] == nil)
            #expect(attached?["mode"] as? String == "link" && attached?["hook"] as? String == "netfilter")
            let status = try bench.command("status", "--json")
            let hook = try #require(try status.json["hooks"] as? [[String: Any]]).first
            #expect((hook?["netfilter"] as? [String: Any])?["priority"] as? Int == 50)
            #expect(hook?["ifindex"] == nil && hook?["isComplete"] as? Bool == true)
            #expect(try bench.run("status").contains("ipv6 output, priority 50"))
            let used = try bench.command("unregister-field", "number")
            #expect(
                used.errors.contains("program in_netfilter on ipv6 output, priority 50 (netfilter) uses it"),
                "\(used.errors)")
            #expect(try bench.command("delete-registry").exitCode != 0)
            let deleted = try bench.run("delete-registry", "--force")
            #expect(deleted.contains("ipv6 output, priority 50: netfilter: in_netfilter detached"), "\(deleted)")
        }
    }

    /// Also where nothing is attached any more.
    @Test func detachingRemovesWhatAKilledCommandLeft() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            func run(_ arguments: String...) -> Int32 {
                CommandRun(arguments + ["--registry", scratch.path.string]).exitCode
            }
            #expect(run("create-registry") == 0)
            let left = scratch.path.appending("attachments/tmp-1/current")
            let made = try ChildProcess.run(["mkdir", "-p", left.string])
            #expect(made.status == 0)
            #expect(run("detach-from-netfilter") == 66)
            let pins = scratch.pins
            #expect(pins == ScratchRegistry.partsOfEmpty)
        }
    }
}
