// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// What `status` and `repair` say, and who is named where a hook is taken.
@Suite(Kernel.required) struct StatusTests {
    typealias Bench = AttachmentTests.Bench

    static func status(_ bench: Bench) throws -> [HookStatus] {
        try bench.pair.inReceiver { try Registry.open(at: bench.scratch.path, for: .read).status() }
    }

    static func ours(_ hook: HookStatus) -> [ProgramStatus] {
        hook.entries.compactMap { if case .ours(let program) = $0 { program } else { nil } }
    }

    /// Texts with colour, and texts in which what is no letter is spelled out, are put out each in a way of its own.
    @Test(arguments: [
        ["status"], ["inspect-map"], ["inspect-map", "state", "seven"], ["doctor", "far0"], ["repair"], ["compact"],
        ["reset-state"],
        ["detach-from-interface", "far0"], ["remove-from-host", "--dry-run"],
    ])
    func noColourIsSpelledOut(command: [String]) throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "seven", "--type", "u32", "--source", "constant:7")
            _ = try bench.command("attach-to-interface", "far0")
            let run = try bench.pair.inReceiver {
                CommandRun(command + ["--registry", bench.scratch.path.string], isTerminal: true)
            }
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(!run.output.contains("\\x1b") && !run.errors.contains("\\x1b"), "\(run.output)")
            if command == ["status"] { #expect(run.output.contains("\u{1b}[1mPLACE")) }
        }
    }

    @Test func allThatIsOnTheHooksIsListedInOrder() throws {
        try Kernel.run {
            let bench = try TCAttachmentTests.bench()
            let foreign = try TCAttachmentTests.foreign(bench)
            _ = try bench.command(
                "attach-to-interface", "far0", "--xdp", "prebuilt", "--xdp", ChainTests.stamp, "--tc",
                TCAttachmentTests.counter)
            let hooks = try Self.status(bench)
            try #require(hooks.count == 2)
            #expect(hooks.map(\.hook) == [.xdp, .tcIngress])
            #expect(hooks.map(\.interface) == ["far0", "far0"])
            #expect(hooks.map(\.place.namespace) == [.here, .here])
            #expect(hooks.allSatisfy { $0.isComplete })
            let chain = Self.ours(hooks[0])
            #expect(chain.map(\.program) == ["producer", "stamp"])
            #expect(chain.map(\.state) == [.attached, .attached])
            #expect(chain.map(\.fields) == [[], ["shared"]])
            let attached = try bench.attachedXDP()
            #expect(chain.first?.programID == attached)
            let tc = hooks[1].entries
            try #require(tc.count == 2)
            guard case .other(let other) = tc[0], case .ours(let own) = tc[1] else {
                Issue.record("\(tc)")
                return
            }
            #expect(other.programID == foreign.program.program.id)
            #expect(other.programName == "count_and_go_on")
            #expect(own.program == "read_and_count" && own.mode == .tcx)

            // Where its own maps are: what a program counts can be read there.
            #expect(chain.map(\.maps) == [[], []] && chain.map(\.isPrebuilt) == [true, false])
            let maps = try #require(own.maps)
            try #require(maps.map(\.name) == ["marks"])
            #expect(try BPFMap(pinnedAt: maps[0].path).shape.entries == 2)

            let run = try bench.command("status")
            #expect(run.exitCode == 0)
            let line = "    maps    \(maps[0].path.removingLastComponent()): marks"
            #expect(run.output.split(separator: "\n").contains { $0 == line }, "\(run.output)")
            #expect(run.output.contains("3 programs attached to 2 hooks"), "\(run.output)")
            let json = try bench.command("status", "--json").json
            #expect((json["hooks"] as? [Any])?.count == 2)
            let documents = (json["hooks"] as? [[String: any Sendable]] ?? [])
                .flatMap { $0["programs"] as? [[String: any Sendable]] ?? [] }
            let pinned = documents.flatMap { $0["maps"] as? [[String: String]] ?? [] }
            #expect(pinned == [["name": "marks", "path": maps[0].path.string]])
        }
    }

    @Test func otherNamespacesAndMovedInterfacesAreFound() throws {
        try Kernel.run {
            let bench = try TCAttachmentTests.bench()
            _ = try bench.command("attach-to-interface", "far0", "--tc-mode", "clsact")
            let elsewhere = try Registry.open(at: bench.scratch.path, for: .read).status()
            #expect(elsewhere.flatMap(Self.ours).map(\.state) == [.attached, .attached])
            #expect(elsewhere.map(\.interface) == ["far0", "far0"])
            #expect(elsewhere.allSatisfy { $0.isComplete })
            #expect(elsewhere.allSatisfy { $0.place.namespace != .here })

            let path = "/proc/\(ProcessID.current)/fd/\(bench.pair.sender.fd.raw)"
            try bench.pair.inReceiver { try VethPair.ip("link set far0 netns \(path) name moved0") }
            let moved = try bench.pair.inSender { try Registry.open(at: bench.scratch.path, for: .read).status() }
            let xdp = try #require(moved.first { $0.hook == .xdp })
            #expect(xdp.place == .interface("moved0", .here))
            #expect(Self.ours(xdp).map(\.state) == [.attached])
            // Its filter did not come along.
            let tc = try #require(moved.first { $0.hook == .tcIngress })
            #expect(Self.ours(tc).map(\.state) == [.gone])
        }
    }

    @Test func whatIsGoneIsMarkedAndThenForgotten() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            try bench.pair.inReceiver { try VethPair.ip("link add name gone0 type veth peer name gone1") }
            _ = try bench.command("attach-to-interface", "gone0")
            try bench.pair.inReceiver { try VethPair.ip("link del gone0") }
            let pins = bench.scratch.pins
            #expect(try Self.status(bench).allSatisfy(\.isComplete), "nothing is there to be seen")
            let run = try bench.command("status")
            #expect(!run.output.contains("CAP_SYS_ADMIN"), "\(run.output)")
            #expect(run.output.contains("native (gone)") && run.output.contains("tcx (gone)"), "\(run.output)")
            #expect(bench.scratch.pins == pins)
            let repair = try bench.command("repair")
            #expect(repair.output.contains("gone0: XDP: producer: forgotten"), "\(repair.output)")
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            #expect(try bench.command("repair").output == "nothing to repair")
        }
    }

    /// So is what was in a network namespace that is gone.
    @Test func aNamespaceThatIsGoneHidesNothing() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                ip link add v0 type veth peer name v1 && ip link set v0 up
                \(Fixture.command) attach-to-interface v0 --registry \(scratch.path)
                """
            #expect(try ChildProcess.run(["unshare", "--net", "sh", "-c", script]).status == 0)
            let areGone = try eventually {
                try Registry.open(at: scratch.path, for: .read).status().flatMap(Self.ours).allSatisfy {
                    $0.state == .gone
                }
            }
            #expect(areGone)
            let hooks = try Registry.open(at: scratch.path, for: .read).status()
            #expect(hooks.count == 2 && hooks.allSatisfy(\.isComplete))
            let text = CommandRun(["status", "--registry", scratch.path.string]).output
            #expect(text.contains("(gone)") && !text.contains("CAP_SYS_ADMIN"), "\(text)")
        }
    }

    /// The name that the interface has now is used by all.
    @Test func aRenamedInterfaceIsCalledByItsNewName() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            _ = try bench.command("attach-to-interface", "far0", "--xdp", ChainTests.stamp, "--tc", "none")
            try bench.pair.inReceiver { try VethPair.ip("link set far0 name wan0") }
            // From here the interface is in another network namespace.
            for run in [
                CommandRun(["inspect-map", "--registry", bench.scratch.path.string]), try bench.command("inspect-map"),
            ] {
                #expect(run.output.contains("stamp@wan0") && !run.output.contains("far0"), "\(run.output)")
            }
            #expect(try bench.command("status").output.contains("wan0"))
            let refused = try bench.command("unregister-field", "shared")
            #expect(refused.errors.contains("program stamp on wan0 (XDP) uses it"), "\(refused.errors)")
        }
    }

    /// Reading takes no capability where the modes of the pins allow it.
    @Test func whatCannotBeSeenIsUnknown() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("attach-to-interface", "far0")
            let outcome = try bench.pair.inReceiver {
                try ChildProcess.run(
                    ["setpriv", "--bounding-set=-all", "--inh-caps=-all", Fixture.command, "status", "--registry"]
                        + [bench.scratch.path.string])
            }
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(outcome.output.contains("producer"))
        }
    }

    // MARK: Who holds a hook

    @Test func theHolderOfTheHookIsNamedWithTheWayOut() throws {
        try Kernel.run {
            let bench = try Bench()
            let ifindex = try TCAttachmentTests.ifindex(bench)
            func refusal() throws -> String {
                let run = try bench.command("attach-to-interface", "far0", "--tc", "none")
                #expect(run.exitCode == 73, "\(run.output)")
                #expect(bench.scratch.pins == [], "the registry that the command made goes again")
                return run.errors
            }
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign")), name: "foreign")
            let program = try object.load(only: "foreign")

            // By netlink.
            let pin = FilePath("/sys/fs/bpf/pktmeta-test-foreign-\(ProcessID.current)")
            try program.pin(at: pin)
            defer { try? Folder.unlink(pin) }
            try bench.pair.inReceiver { try VethPair.ip("link set dev far0 xdpdrv pinned \(pin)") }
            var text = try refusal()
            #expect(text.contains("program foreign (id \(program.id), attached by netlink"), "\(text)")
            #expect(text.contains("ip link set dev far0 xdp off"), "\(text)")
            try bench.pair.inReceiver { try VethPair.ip("link set dev far0 xdpdrv off") }

            // By a link.
            let link = LinkBox(
                try bench.pair.inReceiver { try BPFLink.xdp(program, ifindex: ifindex, mode: .native) })
            text = try refusal()
            #expect(text.contains("link \(try link.link.information.id)"), "\(text)")
            try link.link.detach()

            // By another registry.
            let other = ScratchRegistry()
            let attached = try bench.pair.inReceiver {
                CommandRun(["attach-to-interface", "far0", "--tc", "none", "--registry", other.path.string])
            }
            #expect(attached.exitCode == 0, "\(attached.errors)")
            text = try refusal()
            #expect(text.contains("of the registry \(other.path)"), "\(text)")
            #expect(text.contains("pktmeta detach-from-interface far0 --xdp --registry \(other.path)"), "\(text)")
        }
    }
}
