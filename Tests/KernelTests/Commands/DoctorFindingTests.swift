// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// What is found of hooks, interfaces and registries.
extension DoctorTests {
    static func attachForeign(_ bench: Bench) throws -> (id: UInt32, link: BPFLinkBox) {
        let program = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign")), name: "foreign")
            .load(only: "foreign")
        let link = try bench.pair.inReceiver {
            try BPFLink.xdp(program, ifindex: NetworkInterface(named: VethPair.far).index, mode: .native)
        }
        return (program.id, BPFLinkBox(link))
    }

    final class BPFLinkBox {
        let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    @Test func aForeignXDPProgram() throws {
        try Kernel.run {
            let bench = try Bench()
            let foreign = try Self.attachForeign(bench)
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 69)
            #expect(report.level(.xdpHook) == "broken")
            let link = try foreign.link.link.information.id
            #expect(
                report.text(.xdpHook)
                    == "program foreign (id \(foreign.id), link \(link)) holds the XDP hook in native mode")
            let broken = report.findings.filter { $0.value.level == "broken" }
            #expect(broken.count == 1)
            // Something that no privilege helps against outweighs one that is missing.
            let unprivileged = try Self.unprivileged(bench, ["--bounding-set=-sys_admin,-perfmon"])
            #expect(unprivileged.status == 69, "\(unprivileged.output)")
            #expect(unprivileged.output.contains("program \(foreign.id) holds the XDP hook"), "\(unprivileged.output)")
        }
    }

    @Test func ourOwnProgramsAreFine() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("attach-to-interface", "far0").exitCode == 0)
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 0)
            #expect(report.text(.xdpHook).contains("of the registry \(bench.scratch.path)) is attached in native mode"))

            let other = ScratchRegistry()
            let elsewhere = try bench.pair.inReceiver {
                try Report(CommandRun(["doctor", "far0", "--json", "--registry", other.path.string]))
            }
            #expect(elsewhere.exitCode == 69, "another registry's programs hold the hook")
            #expect(
                elsewhere.findings["xdp-hook"]?.remedy?.contains(
                    "pktmeta detach-from-interface far0 --xdp --registry \(bench.scratch.path)") == true)
        }
    }

    @Test func foreignTCProgramsAreNoObstacleButShareTheMark() throws {
        try Kernel.run {
            let bench = try Bench()
            func register(_ arguments: String...) throws {
                let all = ["register-field"] + arguments + ["--registry", bench.scratch.path.string]
                #expect(CommandRun(all).exitCode == 0)
            }
            try register("class", "--type", "u8", "--sink", "mark:0xff00")
            #expect(try Self.doctor(bench).level(.mark) == "ok")
            let program = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign_tc")), name: "foreign")
                .load(only: "foreign_tc")
            try bench.pair.inReceiver {
                let far = try NetworkInterface(named: VethPair.far).index
                _ = try ClsactQdisc.create(ifindex: far)
                _ = try TCFilter.attach(program, ifindex: far, .ingress)
            }
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 0)
            #expect(report.text(.tcEgressHook) == "TC egress is free")
            #expect(report.level(.tcHook) == "ok")
            #expect(report.text(.tcHook).contains("program foreign_tc (id "))
            let remedy = report.findings[PacketMetadata.Finding.Check.tcHook.rawValue]?.remedy
            #expect(remedy?.contains("may read an earlier packet's area") == true)
            #expect(report.level(.mark) == "weaker")
            #expect(report.text(.mark).contains("class (mark:0xff00) may be used by program foreign_tc"))

            try bench.pair.inReceiver {
                _ = try TCFilter.attach(program, ifindex: NetworkInterface(named: VethPair.far).index, .egress)
            }
            let egress = try Self.doctor(bench).text(.tcEgressHook)
            #expect(egress.contains("at TC egress, which takes several: program foreign_tc (id "), "\(egress)")
        }
    }

    // MARK: Interface and traffic

    @Test func loopbackIsGeneric() throws {
        try Kernel.run {
            let bench = try Bench()
            let report = try Self.doctor(bench, "lo")
            #expect(report.exitCode == 0)
            #expect(report.level(.nativeXDP) == "weaker")
            #expect(report.level(.interface) == "weaker", "a new namespace's is down")
            #expect(report.text(.hardware) == "its driver fills no hardware fields")
            #expect(report.level(.mtu) == "ok")
        }
    }

    @Test func hardwareFieldsThatTheDriverHasNot() throws {
        try Kernel.run {
            let bench = try Bench()
            let registered = try bench.command("register-field", "rx_hash", "--type", "u32", "--source", "rx-hash")
            #expect(registered.exitCode == 0, "\(registered.errors)")
            #expect(try Self.doctor(bench).exitCode == 0)
            let report = try Self.doctor(bench, "lo")
            #expect(report.exitCode == 0 && report.level(.hardware) == "weaker")
            #expect(report.text(.hardware) == "its driver cannot fill rx_hash: programs find that not set (ENOENT)")
            // What it says is so.
            let attached = try bench.command("attach-to-interface", "lo")
            #expect(attached.exitCode == 0 && attached.output.contains("lo cannot fill rx_hash"), "\(attached.output)")
        }
    }

    @Test func aLargeMTU() throws {
        try Kernel.run {
            let bench = try Bench()
            for (end, name) in [(bench.pair.inSender, "near0"), (bench.pair.inReceiver, "far0")] as [EndAndName] {
                try end { try VethPair.ip("link set dev \(name) mtu 9000") }
            }
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 0)
            #expect(report.level(.mtu) == "weaker")
            #expect(report.text(.mtu).contains("an MTU of 9000 at its veth peer does not fit a page"))
        }
    }

    typealias EndAndName = ((() throws -> Void) throws -> Void, String)

    /// libpcap, and so tcpdump, has packets copied into a ring: it shares none, and nobody's write is refused for it.
    @Test func aTapThatGetsCopies() throws {
        try Kernel.run {
            let bench = try Bench()
            let tap = try bench.pair.inReceiver { try PacketTap(hasRing: true) }
            let report = try Self.doctor(bench)
            #expect(report.level(.taps) == "ok")
            let said = report.text(.taps)
            #expect(said.hasPrefix("no tap shares its packets: "), "\(said)")
            #expect(said.hasSuffix("(pid \(ProcessID.current)) gets copies"), "\(said)")
            withExtendedLifetime(tap) {}
        }
    }

    @Test func taps() throws {
        try Kernel.run {
            let bench = try Bench()
            let tap = try bench.pair.inReceiver { try PacketTap() }
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 0)
            #expect(report.level(.taps) == "weaker")
            #expect(report.text(.taps).contains("(pid \(ProcessID.current)) may share its packets"))
            _ = consume tap
            let closed = try eventually { try Self.doctor(bench).level(.taps) == "ok" }
            #expect(closed)
        }
    }

    @Test func fieldsThatDefeatGRO() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(
                try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1").exitCode == 0)
            try bench.pair.inReceiver { try VethPair.setOffloads("far0", "gro on") }
            #expect(try Self.doctor(bench).level(.gro) == nil)
            let sampled = try bench.command(
                "register-field", "seen", "--type", "u64", "--source", "ktime", "--sample", "10")
            #expect(sampled.exitCode == 0)
            #expect(try Self.doctor(bench).level(.gro) == nil)
            #expect(
                try bench.command("register-field", "number", "--type", "u32", "--source", "sequence").exitCode == 0)
            let report = try Self.doctor(bench)
            #expect(report.level(.gro) == "weaker")
            #expect(
                report.text(.gro).contains(
                    "values that differ with each packet keep GRO from merging, so TCP is slower: number"))
            try bench.pair.inReceiver { try VethPair.setOffloads("far0", "gro off") }
            #expect(try Self.doctor(bench).level(.gro) == "ok")
        }
    }

    // MARK: Registry

    @Test func aDamagedRegistry() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("register-field", "tenant", "--type", "u32").exitCode == 0)
            let map = try BPFMap(pinnedAt: bench.scratch.path.appending("registry"))
            var entry = try map.slot(1)
            entry[7] = 0x55  // neither live nor free
            try map.setSlot(1, entry)
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 69)
            #expect(report.level(.registry) == "broken")
            #expect(report.text(.registry).contains("is damaged: slot 1"), "\(report.text(.registry))")
        }
    }
}
