// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testbed
import Testing

@testable import PacketMetadata

/// Attachments whose programs are alike have one program, and are still told apart.
@Suite(Kernel.required) struct SharedProgramTests {
    /// Interfaces with indices that are known, in one network namespace, and commands run there.
    private final class Host: @unchecked Sendable {
        let bench: AttachmentTests.Bench
        let interfaces = ["one0", "two0", "three0"]

        init(firstIndex: Int = 50) throws {
            bench = try AttachmentTests.Bench()
            try bench.pair.inReceiver {
                for (number, name) in interfaces.enumerated() {
                    let peer = "peer name \(name)peer index \(100 + number)"
                    try VethPair.ip("link add \(name) index \(firstIndex + number) type veth \(peer)")
                    try VethPair.ip("link set \(name) up")
                }
            }
        }

        func command(_ arguments: String...) throws -> CommandRun {
            try bench.pair.inReceiver { CommandRun(arguments + ["--registry", bench.scratch.path.string]) }
        }

        func attach(_ options: String...) throws {
            let run = try bench.pair.inReceiver {
                CommandRun(["attach-to-interface"] + interfaces + options + ["--registry", bench.scratch.path.string])
            }
            try #require(run.exitCode == 0, "\(run.errors)")
        }

        func register(_ name: String) throws {
            let run = try command("register-field", name, "--type", "u32", "--source", "constant:7")
            #expect(run.exitCode == 0, "\(run.errors)")
        }

        /// The only program on a hook of an interface of the host; nil if there is none.
        func program(_ hook: Hook, of interface: String) throws -> UInt32? {
            try bench.pair.inReceiver { try Self.program(hook, of: interface) }
        }

        static func program(_ hook: Hook, of interface: String) throws -> UInt32? {
            let ids = try hook.programIDs(ifindex: NetworkInterface(named: interface).index)
            #expect(ids.count <= 1)
            return ids.first
        }

        func programs(_ hook: Hook) throws -> [UInt32?] { try interfaces.map { try program(hook, of: $0) } }

        /// What `status` says of a hook: each interface's link.
        func links(_ hook: Hook) throws -> [String: Int] {
            let run = try command("status", "--json")
            #expect(run.exitCode == 0, "\(run.errors)")
            var links: [String: Int] = [:]
            for entry in try run.json["hooks"] as? [[String: any Sendable]] ?? []
            where entry["hook"] as? String == hook.rawValue {
                let name = try #require(entry["interface"] as? String)
                let programs = try #require(entry["programs"] as? [[String: any Sendable]])
                #expect(programs.count == 1 && links[name] == nil, "\(programs)")
                #expect(programs.allSatisfy { $0["state"] as? String == "attached" && $0["isOurs"] as? Bool == true })
                links[name] = programs[0]["linkID"] as? Int
            }
            return links
        }
    }

    /// Moves an interface of the host to a network namespace, given by a descriptor of this process.
    private static func move(_ name: String, of host: Host, to namespace: borrowing NetworkNamespace) throws {
        let path = "/proc/\(ProcessID.current)/fd/\(namespace.fd.raw)"
        try host.bench.pair.inReceiver { try VethPair.ip("link set \(name) netns \(path)") }
    }

    /// Those that the prebuilt pair is attached to.
    private static let hooks = [Hook.xdp, .tcIngress]

    @Test func programsThatAreAlikeAreLoadedOnce() throws {
        try Kernel.run {
            let host = try Host()
            try host.register("first")
            try host.attach()
            var before: [Hook: UInt32?] = [:]
            for hook in Self.hooks {
                let programs = try host.programs(hook)
                #expect(Set(programs).count == 1 && programs[0] != nil, "\(hook): \(programs)")
                before[hook] = programs[0]
                #expect(try Set(host.links(hook).values).count == 3)
            }
            let links = try Self.hooks.map { try host.links($0) }
            try host.register("second")
            for hook in Self.hooks {
                let programs = try host.programs(hook)
                #expect(Set(programs).count == 1, "\(hook): \(programs)")
                #expect(programs[0] != nil && programs[0] != before[hook])
            }
            // The links are the same.
            #expect(try Self.hooks.map { try host.links($0) } == links)
        }
    }

    /// A chain is shared as a whole, with its ways from one program to the next; an interface that leaves takes none of them
    /// from the others.
    @Test func chainsAreShared() throws {
        try Kernel.run {
            let host = try Host()
            #expect(try host.command("register-field", "shared", "--type", "u32").exitCode == 0)
            try host.register("first")
            try host.attach(VethPair.far, "--xdp", ChainTests.stamp, "--xdp", "prebuilt", "--tc", "none")
            #expect(try Set(host.programs(.xdp)).count == 1)
            func seconds() throws -> [UInt32] {
                try AttachmentStore(of: host.bench.scratch.path).attachments().filter { $0.members.count == 2 }
                    .map { try BPFProgram(pinnedAt: $0.members[1].folders.program).id }
            }
            #expect(try seconds().count == 4 && Set(seconds()).count == 1)

            let without = try host.command("detach-from-interface", "two0", "--program", "stamp")
            #expect(without.exitCode == 0, "\(without.errors)")
            #expect(try host.programs(.xdp)[0] == host.programs(.xdp)[2])
            #expect(try host.programs(.xdp)[0] != host.programs(.xdp)[1])
            #expect(try host.command("detach-from-interface", "one0").exitCode == 0)
            #expect(try seconds().count == 2 && Set(seconds()).count == 1)
            try host.bench.pair.send(10)
            try host.register("second")
            #expect(try seconds().count == 2 && Set(seconds()).count == 1)
            try host.bench.pair.send(10)
            let registry = try Registry.open(at: host.bench.scratch.path, for: .read)
            let field = try #require(try registry.image().field(named: FieldName("first")))
            #expect(try registry.state(of: field).set == 20)
        }
    }

    /// A program with maps of its own keeps there what one interface's packets did.
    @Test func programsWithMapsOfTheirOwnAreNotShared() throws {
        try Kernel.run {
            let host = try Host()
            for name in ["steady", "mover"] { _ = try host.command("register-field", name, "--type", "u64") }
            try host.attach("--tc", Fixture.object("torture_steady").string)
            #expect(try Set(host.programs(.tcIngress)).count == 3)
            #expect(try host.command("register-field", "high", "--type", "u8").exitCode == 0)
            #expect(try host.command("compact").exitCode == 0)
            #expect(try Set(host.programs(.tcIngress)).count == 3)
        }
    }

    /// A filter is known by its program.
    @Test func filtersHaveProgramsOfTheirOwn() throws {
        try Kernel.run {
            let host = try Host()
            try host.attach("--xdp", "none", "--tc-mode", "clsact")
            #expect(try Set(host.programs(.tcIngress)).count == 3)
            try host.register("first")
            #expect(try Set(host.programs(.tcIngress)).count == 3)
            #expect(try host.command("detach-from-interface", "two0").exitCode == 0)
            #expect(try host.programs(.tcIngress).map { $0 != nil } == [true, false, true])
        }
    }

    @Test func onlyWhatIsNamedIsDetached() throws {
        try Kernel.run {
            let host = try Host()
            try host.attach()
            try host.bench.pair.inReceiver {
                try VethPair.ip("link set two0 down")
                try VethPair.ip("link set two0 name renamed0")
            }
            let run = try host.command("detach-from-interface", "renamed0")
            #expect(
                run.output
                    == "renamed0: XDP: producer detached (native)\nrenamed0: TC ingress: consumer detached (tcx)")
            for hook in Self.hooks {
                #expect(try host.program(hook, of: "renamed0") == nil)
                #expect(try host.program(hook, of: "one0") != nil)
                #expect(try host.links(hook).keys.sorted() == ["one0", "three0"])
            }
            try host.register("first")
            let deleted = try host.command("delete-registry", "--force")
            #expect(deleted.exitCode == 0, "\(deleted.errors)")
            for name in ["one0", "three0"] {
                for hook in Self.hooks { #expect(try host.program(hook, of: name) == nil) }
                #expect(deleted.output.contains("\(name): XDP: producer detached"), "\(deleted.output)")
            }
        }
    }

    @Test func anInterfaceThatGoesTakesOnlyItsOwnAttachmentsAlong() throws {
        try Kernel.run {
            let host = try Host()
            try host.attach()
            try host.bench.pair.inReceiver { try VethPair.ip("link del two0") }
            try host.register("first")
            for hook in Self.hooks {
                #expect(try host.links(hook).keys.sorted() == ["one0", "three0"])
                #expect(try host.program(hook, of: "one0") == host.program(hook, of: "three0"))
            }
        }
    }

    /// What is missing of one attachment is no reason to detach another that has the same program.
    @Test func aDamagedAttachmentIsDroppedAlone() throws {
        try Kernel.run {
            let host = try Host()
            try host.attach("--xdp", "none")
            let store = try AttachmentStore(of: host.bench.scratch.path)
            let damaged = try #require(try store.attachments().first { $0.record.site.place.interface == "two0" })
            try damaged.members[0].folders.program.unlink()
            let repaired = try host.command("repair")
            #expect(repaired.exitCode == 0 && repaired.output.contains("dropped the damaged attachment"))
            #expect(try host.programs(.tcIngress).map { $0 != nil } == [true, false, true])
            #expect(try host.links(.tcIngress).keys.sorted() == ["one0", "three0"])
        }
    }

    @Test func anInterfaceThatMovedIsKnownByItsLink() throws {
        try Kernel.run {
            let host = try Host()
            try host.attach()
            let links = try Self.hooks.map { try host.links($0) }
            try Self.move("two0", of: host, to: host.bench.pair.sender)
            #expect(try Self.hooks.map { try host.links($0) } == links)
            // Renewed where it is.
            try host.register("first")
            #expect(try Self.hooks.map { try host.links($0) } == links)
            for hook in Self.hooks {
                let moved = try host.bench.pair.inSender { try Host.program(hook, of: "two0") }
                #expect(try moved == host.program(hook, of: "one0"))
            }
            let detached = try host.bench.pair.inSender {
                CommandRun(["detach-from-interface", "two0", "--registry", host.bench.scratch.path.string])
            }
            #expect(detached.exitCode == 0, "\(detached.errors)")
            for hook in Self.hooks {
                #expect(try host.links(hook).keys.sorted() == ["one0", "three0"])
                #expect(try host.bench.pair.inSender { try Host.program(hook, of: "two0") } == nil)
            }
        }
    }

    /// Of an XDP program the kernel tells the interface's index alone, which another may have elsewhere; a TCX hook tells more.
    @Test func interfacesOfTheSameIndexShareNoXDPProgram() throws {
        try Kernel.run {
            let host = try Host(firstIndex: 50)
            let elsewhere = try VethTopology.namespace()
            func there<Value>(_ body: () throws -> Value) throws -> Value { try VethPair.run(in: elsewhere, body) }
            try there {
                try VethPair.ip("link add same0 index 50 type veth peer name same0peer index 100")
                try VethPair.ip("link set same0 up")
            }
            try host.attach()
            func command(_ name: String) throws -> CommandRun {
                try there { CommandRun([name, "same0", "--registry", host.bench.scratch.path.string]) }
            }
            #expect(try command("attach-to-interface").exitCode == 0)
            try host.register("first")
            let same = try there { try Host.program(.xdp, of: "same0") }
            #expect(try Set(host.programs(.xdp) + [same]).count == 2, "the third may share with either")
            #expect(try there { try Host.program(.xdp, of: "same0") } != host.program(.xdp, of: "one0"))
            #expect(try there { try Host.program(.tcIngress, of: "same0") } == host.program(.tcIngress, of: "one0"))
            #expect(try host.links(.tcIngress).count == 4)
            let detached = try command("detach-from-interface")
            #expect(
                detached.output == "same0: XDP: producer detached (native)\nsame0: TC ingress: consumer detached (tcx)")
            for hook in Self.hooks {
                #expect(try there { try Host.program(hook, of: "same0") } == nil)
                #expect(try host.programs(hook).allSatisfy { $0 != nil })
            }
        }
    }

    /// What is done to two interfaces of the same index, in two network namespaces, whose XDP program is the same.
    enum Next: CaseIterable { case detachMoved, detachOther, register, deleteRegistry, removeFromHost }

    @Test(arguments: Next.allCases)
    func interfacesOfTheSameIndexArePartedBeforeAnythingIsDone(_ next: Next) throws {
        try Kernel.run {
            // The kernel gives the next index to an interface that comes with one that is taken.
            let elsewhere = try VethTopology.namespace()
            func add(_ name: String, _ index: String, peer: Int) throws -> Int {
                try VethPair.run(in: elsewhere) {
                    try VethPair.ip("link add \(name) \(index) type veth peer name peer\(peer) index \(peer)")
                    return Int(try NetworkInterface(named: name).index)
                }
            }
            var (last, count) = (0, 0)
            while last < 12 {
                last = try add("fill\(count)", "", peer: 100 + count)
                count += 1
            }
            let host = try Host(firstIndex: last + 1)
            _ = try add("taken0", "index \(last + 2)", peer: 100 + count)
            try host.attach("--tc", "none")
            let links = try host.links(.xdp)
            try Self.move("two0", of: host, to: elsewhere)
            let index = try VethPair.run(in: elsewhere) { try NetworkInterface(named: "two0").index }
            try #require(index == UInt32(last + 1), "two0 has the index of one0")
            let shared = try host.program(.xdp, of: "one0")
            #expect(try VethPair.run(in: elsewhere) { try Host.program(.xdp, of: "two0") } == shared)
            #expect(try host.links(.xdp) == links)

            func moved() throws -> UInt32? { try VethPair.run(in: elsewhere) { try Host.program(.xdp, of: "two0") } }
            switch next {
            case .detachMoved:
                let run = try VethPair.run(in: elsewhere) {
                    CommandRun(["detach-from-interface", "two0", "--registry", host.bench.scratch.path.string])
                }
                #expect(run.output == "two0: XDP: producer detached (native)", "\(run.errors)")
                #expect(try moved() == nil && host.program(.xdp, of: "one0") != nil)
                #expect(try host.links(.xdp).keys.sorted() == ["one0", "three0"])
            case .detachOther:
                let run = try host.command("detach-from-interface", "one0")
                #expect(run.output == "one0: XDP: producer detached (native)", "\(run.errors)")
                #expect(try moved() != nil && host.program(.xdp, of: "one0") == nil)
                #expect(try host.links(.xdp).keys.sorted() == ["three0", "two0"])
            case .register:
                try host.register("first")
                #expect(try moved() != host.program(.xdp, of: "one0"))
                #expect(try host.program(.xdp, of: "three0") != shared)
                #expect(try host.links(.xdp) == links)
            case .deleteRegistry, .removeFromHost:
                let command = next == .deleteRegistry ? "delete-registry" : "remove-from-host"
                let removed = try host.command(command, "--force")
                #expect(removed.exitCode == 0, "\(removed.output) \(removed.errors)")
                let left = try [host.program(.xdp, of: "one0"), moved(), host.program(.xdp, of: "three0")]
                #expect(left == [nil, nil, nil])
            }
        }
    }

    /// A command that gives a program another place was killed before it had removed the old one.
    @Test func twoOfOneHookAreNotShared() throws {
        try Kernel.run {
            let host = try Host()
            try host.attach("--xdp", "none")
            let registry = try Registry.open(at: host.bench.scratch.path, for: .write)
            let store = try AttachmentStore(of: host.bench.scratch.path)
            let first = try #require(try store.attachments().first { $0.record.site.place.interface == "one0" })
            try host.bench.pair.inReceiver {
                let programs = CommandPrograms()
                let interface = try HookInterface(NetworkInterface(named: "one0"), netns: nil)
                let attacher = Attacher(interface, programs: programs, action: .attach(to: ["one0"]))
                let chain = try attacher.load([programs.entry(first.members[0], for: registry.image())], .tcx, registry)
                let recorded = RecordedChain(chain, mode: .tcx, at: interface.site, hasEthernetHeader: true)
                _ = try store.add(interface.point(.tcIngress), recorded) { folders throws(BPFError) in
                    try BPFLink.tcx(chain.first.program, ifindex: interface.index, .ingress)
                        .pin(at: folders.link)
                }
            }
            try host.register("first")
            let ids = try host.bench.pair.inReceiver {
                try Hook.tcIngress.programIDs(ifindex: NetworkInterface(named: "one0").index)
            }
            #expect(Set(ids).count == 2, "\(ids)")
        }
    }
}
