// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// `remove-from-host` of what is at no hook of an interface: netfilter, cgroups, steerings.
@Suite(Kernel.required, .serialized) struct RemovalOfLayersTests {
    /// One registry with a program in both families of netfilter, where the kernel has that, one at a cgroup, and a
    /// steering.
    final class Scene {
        let bench: FilterBench
        let cgroup: ScratchCgroup
        let path: FilePath
        let hasNetfilter = KillScene.hasNetfilter

        init() throws {
            cgroup = try ScratchCgroup()
            bench = try FilterBench(socketOf: cgroup)
            path = bench.scratch.path
            try bench.run("attach-to-cgroup", cgroup.path.string, "--ingress", bench.object("to_cgroup"))
            if hasNetfilter { try bench.run("attach-to-netfilter", bench.object("in_netfilter"), "--hook", "input") }
            try bench.run("create-steering", "workers", "--field", "number", "--sockets", "2")
        }

        /// The links, held as a process of others might.
        func links() throws -> [LinkBox] {
            try bench.scratch.pins.filter { $0.hasPrefix("attachments/") && $0.hasSuffix("/link") }.map {
                LinkBox(try BPFLink(pinnedAt: path.appending($0)))
            }
        }

        /// Links, programs and maps that are still in the kernel of those that were.
        static func left(_ links: [LinkInformation]) throws -> [LinkInformation] {
            let all = Set(try LinkInformation.all().map(\.id))
            return links.filter { all.contains($0.id) }
        }

        /// Packets pass, and no program sees them.
        func expectNothingAttached() throws {
            if let group = try ControlGroup(path: cgroup.path) {
                let programs = try CgroupPrograms.query(group, .ingress)
                #expect(programs == [])
            }
            // The places are free.
            guard hasNetfilter else { return }
            let program = try PassingProgram.netfilter.load()
            try bench.attachments.pair.inReceiver {
                for family in NetfilterHook.Family.allCases {
                    _ = try BPFLink.netfilter(
                        program, at: NetfilterHook(family, .input, priority: 7).position(.link))
                }
            }
        }
    }

    @Test func allOfItGoesAndIsAnnounced() throws {
        try Kernel.run {
            let scene = try Scene()
            let links = try scene.links().map { try $0.link.information }
            let pins = scene.bench.scratch.pins
            let planned = RemovalTests.remove("--dry-run", from: scene.path)
            #expect(planned.exitCode == 0, "\(planned.output)\(planned.errors)")
            let programs = scene.hasNetfilter ? 4 : 2
            #expect(planned.output.contains("registry \(scene.path), with \(programs) programs ("), "\(planned.output)")
            for name in ["to_cgroup", "steer"] + (scene.hasNetfilter ? ["in_netfilter"] : []) {
                #expect(planned.output.contains(name), "\(planned.output)")
            }
            #expect(planned.output.contains(", at cgroup \(scene.cgroup.id): would be detached"), "\(planned.output)")
            if scene.hasNetfilter {
                for family in ["ipv4", "ipv6"] {
                    let line = ", at netfilter \(family) input, priority 7: would be detached"
                    #expect(planned.output.contains(line), "\(planned.output)")
                }
            }
            #expect(scene.bench.scratch.pins == pins)

            let run = RemovalTests.remove("--force", from: scene.path)
            #expect(run.exitCode == 0, "\(run.output)")
            #expect(run.output.ranges(of: ": detached").count == links.count, "\(run.output)")
            #expect(run.output.hasSuffix("nothing of pktmeta is left"), "\(run.output)")
            #expect(!Folder.exists(scene.path))
            #expect(try eventually { try Scene.left(links).isEmpty })
            try scene.expectNothingAttached()
        }
    }

    /// Of links that have lost their pins, and which a process holds: they are detached, and what holds them is told.
    @Test func whatHasNoPinsGoesToo() throws {
        try Kernel.run {
            let scene = try Scene()
            let links = try scene.links()
            _ = try ChildProcess.run(["rm", "-r", scene.path.appending("attachments").string])
            // Of another process, which sees that this one holds them.
            func remove(_ option: String) throws -> ChildProcess.Outcome {
                try ChildProcess.run([Fixture.command, "remove-from-host", option, "--registry", scene.path.string])
            }
            let planned = try remove("--dry-run")
            #expect(
                planned.output.ranges(of: ": would be detached; held by process").count == links.count,
                "\(planned.output)")
            let run = try remove("--force")
            #expect(run.output.ranges(of: ": detached; held by process").count == links.count, "\(run.output)")
            #expect(run.status == 79)
            #expect(run.output.contains("on no hook that was found: left: held by process \(ProcessID.current)"))
            #expect(!run.output.contains("it is attached still"), "\(run.output)")
            #expect(!Folder.exists(scene.path))
            try scene.expectNothingAttached()
            withExtendedLifetime(links) {}
        }
    }

    /// The application's sockets hold the program, which leaves the choice to the kernel. So it is with the registry of
    /// another version, of which only the pins are known.
    @Test(arguments: [false, true]) func aSteeringThatIsInUseLeavesTheChoiceToTheKernel(isOfOtherVersion: Bool) throws {
        try Kernel.run {
            let bench = try SteeringBench()
            let count = 40
            try bench.steer(by: "be16", offset: 34)
            let workers = try bench.workers("udp", packets: 2 * count)
            try bench.send("udp", count)
            let isDone = try eventually { try bench.steering().counts?.steered == UInt64(count) }
            #expect(isDone)
            let path = bench.bench.registry
            if isOfOtherVersion {
                // pktmeta_word_magic() of abi.h
                let map = try BPFMap(pinnedAt: path.appending("registry"))
                var value = try map.value
                value[7] &+= 1
                try map.update(at: 0, value)
            }
            let run = CommandRun(["remove-from-host", "--force", "--trust-owner", "--registry", path.string])
            #expect(run.exitCode == 79, "\(run.output)")
            #expect(run.output.contains("registry \(path), with 2 programs ("), "\(run.output)")
            #expect(
                run.output.matches(of: /on no hook that was found: left: held by process \d+ \(steered_workers\)/).count
                    == 1, "\(run.output)")
            #expect(!Folder.exists(path))
            try bench.send("udp", count)
            let arrivals = try workers.arrivals()
            #expect(arrivals.count == 2 * count)
            #expect(arrivals.count { $0.worker != $0.port % SteeringBench.workers } > 0)
            let again = CommandRun(["remove-from-host", "--dry-run", "--registry", path.string])
            #expect(again.output == "nothing of pktmeta is there", "\(again.output)")
        }
    }

    /// Of an application that keeps no descriptor of the program, its sockets hold it all the same.
    @Test func socketsHoldTheProgram() throws {
        try Kernel.run {
            let bench = try FilterBench()
            try bench.run("create-steering", "workers", "--field", "number", "--sockets", "2")
            let path = bench.scratch.path
            try bench.socket.attachToGroup(BPFProgram(pinnedAt: path.appending("steering/workers/program")))
            let run = RemovalTests.remove("--force", from: path)
            #expect(run.exitCode == 79, "\(run.output)")
            #expect(
                run.output.contains("on no hook that was found: left: sockets of an application hold it"),
                "\(run.output)")
            #expect(!Folder.exists(path))
            try bench.send(5)
            #expect(bench.received(5) == 5)
        }
    }
}
