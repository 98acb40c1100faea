// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// attach-to-cgroup and detach-from-cgroup, as a user runs them.
@Suite(Kernel.required, .serialized) struct CgroupTests {
    private static let count = 20
    private static let ingress = "cgroup_ingress"

    @Test(arguments: SkbTests.compilers) func fieldsAreRightThere(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let bench = try FilterBench(compiler, socketOf: cgroup)
            let path = cgroup.path.string
            let output = try bench.run(
                "attach-to-cgroup", path, "--ingress", bench.object("to_cgroup"), "--egress",
                bench.object("from_cgroup"))
            #expect(
                output == """
                    \(path): cgroup ingress: to_cgroup attached (link)
                    \(path): cgroup egress: from_cgroup attached (link)
                    """)
            try bench.send(Self.count)
            let before = try bench.seen(Self.ingress, at: .cgroup, packets: Self.count)
            #expect("\(before)" == "20 packets, right 0, wrong 0, -EFAULT 40")
            try bench.numberPackets()
            try bench.send(Self.count)
            let after = try bench.seen(Self.ingress, at: .cgroup, packets: 2 * Self.count)
            #expect("\(after)" == "40 packets, right 40, wrong 0, -EFAULT 40")
            #expect(bench.received(2 * Self.count) == 2 * Self.count)

            // What a socket sends has no area yet.
            try bench.attachments.pair.inReceiver {
                try bench.socket.send(Self.count, to: [192, 0, 2, 1], port: VethPair.port)
            }
            let sent = try bench.seen("cgroup_egress", at: .cgroup, packets: Self.count)
            #expect("\(sent)" == "20 packets, right 0, wrong 0, -EFAULT 40")
        }
    }

    @Test(arguments: Fixture.Compiler.usual)
    func packetsAreCountedByTenantAndCgroup(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let service = try cgroup.child("service")
            let bench = try FilterBench(compiler, socketOf: service, fields: FilterBench.tenants)
            let accounting = Fixture.example("hooli_accounting", compiler).string
            // Of the service by the cgroup above.
            try bench.run("attach-to-cgroup", cgroup.path.string, "--ingress", accounting)
            try bench.send(Self.count)
            try bench.run(
                "attach-to-interface", "far0", "--xdp", Fixture.example("acme_ingress", compiler).string, "--tc", "none"
            )
            try bench.send(2 * Self.count)
            #expect(bench.received(3 * Self.count) == 3 * Self.count)
            let maps = try bench.attachment(Self.ingress).members[0].folders.maps
            let received = try BPFMap(pinnedAt: maps.appending("received"))
            func packets(_ tenant: UInt32) throws -> UInt64 {
                let value = try received.value(ofKey: encode(service.id) + encode(tenant) + encode(UInt32(0)))
                return value.map { decode(Array($0.prefix(8)), as: UInt64.self) } ?? 0
            }
            #expect(try packets(.max) == UInt64(Self.count))
            #expect(try packets(2) == 2 * UInt64(Self.count))  // of 192.0.2.1, by its /24
        }
    }

    @Test func programsAreReplacedOrJoinedAndDetached() throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let bench = try FilterBench(socketOf: cgroup)
            let path = cgroup.path.string
            let to = bench.object("to_cgroup")
            #expect(
                try bench.run("attach-to-cgroup", path, "--ingress", to)
                    == "\(path): cgroup ingress: to_cgroup attached (link)")
            let pins = bench.scratch.pins
            #expect(
                try bench.run("attach-to-cgroup", path, "--ingress", to)
                    == "\(path): cgroup ingress: to_cgroup unchanged (link)")
            #expect(bench.scratch.pins == pins)
            #expect(
                try bench.run("attach-to-cgroup", path, "--join", "--ingress", bench.object("beside"))
                    == "\(path): cgroup ingress: beside attached (link)")
            try bench.send(Self.count)
            #expect(try bench.seen("\(Self.ingress)-0", at: .cgroup, packets: Self.count).packets == UInt64(Self.count))
            #expect(try bench.seen("\(Self.ingress)-1", at: .beside, packets: Self.count).packets == UInt64(Self.count))
            let status = try bench.status
            #expect(status.map(\.place) == [.cgroup(cgroup.path)] && status[0].isComplete)
            #expect(status.flatMap(StatusTests.ours).map(\.program) == ["to_cgroup", "beside"])
            #expect(bench.received(Self.count) == Self.count)
            // Both by one.
            let replaced = try bench.run(
                "attach-to-cgroup", path, "--ingress", bench.object("dropping_at_cgroup"))
            #expect(
                replaced == """
                    \(path): cgroup ingress: dropping_at_cgroup replaced (link)
                    \(path): cgroup ingress: beside detached (link)
                    """)
            try bench.send(Self.count)
            #expect(bench.received(0) == 0)
            #expect(
                try bench.run("detach-from-cgroup", path)
                    == "\(path): cgroup ingress: dropping_at_cgroup detached (link)")
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            try bench.send(Self.count)
            #expect(bench.received(Self.count) == Self.count)
            let nothing = try bench.command("detach-from-cgroup", path, "--egress")
            #expect(nothing.exitCode == 66)
            #expect(nothing.errors.contains("is attached to its cgroup egress"))
        }
    }

    @Test func noPacketPassesWhileAProgramIsReplaced() throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let bench = try FilterBench(socketOf: cgroup)
            try bench.numberPackets()
            try bench.run("attach-to-cgroup", cgroup.path.string, "--ingress", bench.object("dropping_at_cgroup"))
            let first = try bench.attachment(Self.ingress).hold()
            let sent = try bench.changeUnderTraffic()
            #expect(bench.received(0) == 0)
            let hold = try bench.attachment(Self.ingress).hold()
            #expect(first?.programID != hold?.programID && first?.link?.id == hold?.link?.id)
            let seen = try bench.seen(Self.ingress, at: .cgroup, packets: Int(sent))
            #expect(seen.packets == sent && seen.wrong == 0, "\(sent) sent, \(seen)")
        }
    }

    @Test func aCgroupThatIsGoneIsForgotten() throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let bench = try FilterBench()
            try bench.run("attach-to-cgroup", cgroup.path.string, "--ingress", bench.object("to_cgroup"))
            try cgroup.remove()
            let isGone = try eventually { try bench.status.flatMap(StatusTests.ours).map(\.state) == [.gone] }
            #expect(isGone)
            #expect(try bench.status.allSatisfy { $0.isComplete })
            #expect(
                try bench.run("repair").contains(
                    "\(cgroup.path): cgroup ingress: to_cgroup: forgotten, since its cgroup is gone or others"))
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            let missing = try bench.command(
                "attach-to-cgroup", cgroup.path.string, "--egress", bench.object("from_cgroup"))
            #expect(missing.exitCode == 66 && missing.errors.contains("there is no such cgroup (ENOENT)"))
        }
    }

    @Test func whatIsNoCgroupIsRefused() throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let bench = try FilterBench()
            let to = bench.object("to_cgroup")
            let folder = try bench.command("attach-to-cgroup", "/tmp", "--ingress", to)
            #expect(folder.exitCode == 64 && folder.errors.contains("it is a folder of no cgroup of version 2"))
            let root = try bench.command("attach-to-cgroup", cgroup.root.string, "--ingress", to)
            #expect(root.exitCode == 64)
            #expect(root.errors.contains("each packet to or from any of the host would run the program"))
            #expect(root.errors.contains("--root-cgroup"))
            let asking = try bench.command("attach-to-cgroup", cgroup.root.string, "--sockets", "next")
            #expect(asking.exitCode == 64)
            #expect(asking.errors.contains("each call of getsockopt() on the host would run the program"))
            let keeping = try bench.command("attach-to-cgroup", cgroup.root.string, "--sockets", "all")
            #expect(
                keeping.errors.contains(
                    "each call of getsockopt() and of setsockopt(), and each packet to a socket, on the host would run")
            )
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            let said = try bench.run("attach-to-cgroup", cgroup.root.string, "--ingress", to, "--root-cgroup")
            #expect(said.contains("to_cgroup attached"))
            #expect(try bench.run("detach-from-cgroup", cgroup.root.string).contains("to_cgroup detached"))
            #expect(try bench.command("attach-to-cgroup", cgroup.path.string).exitCode == 64)
        }
    }

    @Test func programsOfOtherHooksAreRefused() throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let bench = try FilterBench()
            let path = cgroup.path.string
            let egress = try bench.command("attach-to-cgroup", path, "--egress", bench.object("to_cgroup"))
            #expect(egress.exitCode == 65)
            #expect(egress.errors.contains("is SEC(\"cgroup_skb/ingress\"), for cgroup ingress"))
            #expect(egress.errors.contains("SEC(\"cgroup_skb/egress\"), SEC(\"cgroup/skb\")"))
            let netfilter = try bench.command("attach-to-cgroup", path, "--egress", bench.object("dropping"))
            #expect(netfilter.exitCode == 65 && netfilter.errors.contains("pktmeta attach-to-netfilter"))
        }
    }

    @Test func documentsTellThePlace() throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let bench = try FilterBench()
            let path = cgroup.path.string
            let run = try bench.command("attach-to-cgroup", path, "--ingress", bench.object("to_cgroup"), "--json")
            let attached = try #require(try run.json["attachments"] as? [[String: Any]]).first
            #expect(attached?["cgroup"] as? String == path && attached?["hook"] as? String == "cgroup_ingress")
            #expect(attached?["interface"] == nil && attached?["mode"] as? String == "link")
            let hook = try #require(try bench.command("status", "--json").json["hooks"] as? [[String: Any]]).first
            #expect(hook?["cgroup"] as? String == path && hook?["isComplete"] as? Bool == true)
            #expect(hook?["netns"] == nil && hook?["netnsCookie"] == nil)
            let deleted = try bench.run("delete-registry", "--force")
            #expect(deleted.contains("\(path): cgroup ingress: to_cgroup detached"), "\(deleted)")
        }
    }

    /// Programs of others are shown in their places, and left alone.
    @Test func othersAreShown() throws {
        try Kernel.run {
            let cgroup = try ScratchCgroup()
            let bench = try FilterBench(socketOf: cgroup)
            let registry = try Registry.open(at: bench.scratch.path, for: .write)
            let object = try registry.objectOfOthers(
                Fixture.object("filter_places"), name: "others", withKernelTypes: true)
            let program = try object.load(only: "beside")
            let open = try OpenCgroup(cgroup.path)
            let link = LinkBox(try BPFLink.cgroup(program, open.group, .ingress))
            try bench.run("attach-to-cgroup", cgroup.path.string, "--ingress", bench.object("to_cgroup"))
            let entries = try #require(try bench.status.first).entries
            try #require(entries.count == 2)
            guard case .other(let other) = entries[0], case .ours(let ours) = entries[1] else {
                Issue.record("\(entries)")
                return
            }
            #expect(other.programName == "beside" && other.mechanism == .cgroupLink)
            #expect(ours.program == "to_cgroup" && ours.state == .attached)
            try bench.run("detach-from-cgroup", cgroup.path.string)
            #expect(try CgroupPrograms.query(open.group, .ingress) == [program.id])
            withExtendedLifetime(link) {}
        }
    }
}
