// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// What `pktmeta doctor` finds, and that it leaves everything as it was.
@Suite(Kernel.required) struct DoctorTests {
    typealias Bench = AttachmentTests.Bench

    /// Runs the command at the far end, in this process.
    static func doctor(_ bench: Bench, _ interface: String = "far0") throws -> Report {
        try Report(try bench.command("doctor", interface, "--json"))
    }

    struct Report {
        struct Finding {
            let level: String
            let text: String
            let remedy: String?
        }

        let exitCode: Int32
        let findings: [String: Finding]

        init(_ run: CommandRun) throws {
            exitCode = run.exitCode
            #expect(try JSONSchema("diagnosis").faults(of: run.output) == "")
            let json = try run.json
            #expect(json["exitCode"] as? Int == Int(exitCode))
            #expect(json["works"] as? Bool == (exitCode == 0))
            let list = try #require(json["findings"] as? [[String: any Sendable]], "\(run.output) \(run.errors)")
            findings = Dictionary(
                try list.map { finding in
                    (
                        try #require(finding["check"] as? String),
                        Finding(
                            level: try #require(finding["level"] as? String),
                            text: try #require(finding["text"] as? String), remedy: finding["remedy"] as? String)
                    )
                }, uniquingKeysWith: { first, _ in first })
            #expect(findings.count == list.count, "a check is there once")
        }

        func level(_ check: PacketMetadata.Finding.Check) -> String? { findings[check.rawValue]?.level }
        func text(_ check: PacketMetadata.Finding.Check) -> String { findings[check.rawValue]?.text ?? "" }
    }

    @Test func aVethIsFine() throws {
        try Kernel.run {
            let bench = try Bench()
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 0)
            // Those are only for who needs them.
            let special: [Finding.Check] = [.privateFields, .mark, .gro, .tunnelGRO, .groList, .udpForwarding, .lro]
            let expected = Set(Finding.Check.allCases).subtracting(special)
            #expect(Set(report.findings.keys) == Set(expected.map(\.rawValue)))
            let newest = "bpf_dynptr_from_skb_meta"  // of what is looked for
            let isNew = try KernelTypes(functions: [newest]).hasFunction(newest)
            // What a kernel was built without, or a host has not mounted.
            let layers: [Finding.Check] = [.netfilter, .cgroups, .tracing, .xdpSockets]
            for (check, finding) in report.findings {
                let mayBeWeaker = !isNew || layers.map(\.rawValue).contains(check)
                #expect(
                    finding.level == "ok" || mayBeWeaker && finding.level != "broken", "\(check): \(finding.text)")
            }
            #expect(report.level(.netfilter) == (KillScene.hasNetfilter ? "ok" : "weaker"))
            if isNew { #expect(report.text(.hardware) == "its driver fills rx_timestamp, rx_hash, rx_vlan") }
            #expect(report.text(.area).contains("up to \(try Self.largestArea()) bytes"))

            let table = try bench.command("doctor", "far0")
            #expect(table.exitCode == 0)
            #expect(table.output.contains("\n\nPackets would carry fields on far0"))
            #expect(table.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
        }
    }

    /// What a row of the table of drivers takes.
    @Test func theInterfaceIsDescribed() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32")
            _ = try bench.command("attach-to-interface", "far0")
            let run = try bench.command("doctor", "far0", "--json")
            #expect(try JSONSchema("diagnosis").faults(of: run.output) == "")
            let device = try #require(try run.json["device"] as? [String: any Sendable])
            #expect(device["driver"] as? String == "veth")
            #expect(device["xdpMode"] as? String == "native")
            #expect(device["mtu"] as? Int == 1500)
            let system = try #require(try run.json["system"] as? [String: any Sendable])
            #expect(system["release"] as? String == SystemNames.this.release)
            let area = try #require(try run.json["area"] as? [String: any Sendable])
            #expect(area["largestOfKernel"] as? Int == (try Self.largestArea()))
        }
    }

    /// Asked size by size.
    static func largestArea() throws -> Int {
        try #require(try RegistryWord.capacities.last { try Registry.isGranted($0) })
    }

    @Test func theMachineAlone() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let run = CommandRun(["doctor", "--registry", scratch.path.string])
            #expect(run.exitCode == 0)
            #expect(run.output.contains("\n\nPackets would carry fields on this machine"))
            #expect(!run.output.contains("xdp-hook"))
        }
    }

    /// Each of what else there may be is asked for, and what is not there keeps nothing from working.
    @Test func theOtherLayers() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let report = try Report(CommandRun(["doctor", "--json", "--registry", scratch.path.string]))
            #expect(report.exitCode == 0)
            #expect(report.level(.steering) == "ok", "\(report.text(.steering))")
            #expect(report.level(.sockets) == "ok", "\(report.text(.sockets))")
            #expect(report.level(.xdpSockets) == "ok", "\(report.text(.xdpSockets))")
            #expect(report.text(.tracing).contains("at tracepoints"), "\(report.text(.tracing))")
            // Where no cgroups are, and no privilege to look.
            let script = """
                umount -a -t cgroup2; \(Fixture.command) doctor; echo "exit $?"; \
                setpriv --bounding-set=-net_raw \(Fixture.command) doctor | grep -c "AF_XDP sockets take CAP_NET_RAW"
                """
            let outcome = try ChildProcess.run([
                "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "sh", "-c", script,
            ])
            #expect(
                outcome.output.contains(/weaker +cgroups +no file system of cgroups of version 2/), "\(outcome.output)")
            #expect(outcome.output.hasSuffix("exit 0\n1\n"), "\(outcome.output)")
        }
    }

    @Test func thereIsNoSuchInterface() throws {
        try Kernel.run {
            let run = CommandRun(["doctor", "nosuch0"])
            #expect(run.exitCode == 66)
            #expect(run.output == "")
        }
    }

    @Test func nothingChanges() throws {
        try Kernel.run {
            let bench = try Bench()
            // The revision, which tells what was attached for a moment, begins anew on a hook that gets empty.
            let program = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign_tc")), name: "foreign")
                .load(only: "foreign_tc")
            let link = try bench.pair.inReceiver {
                try BPFLink.tcx(program, ifindex: NetworkInterface(named: VethPair.far).index, .ingress, at: .last)
            }
            defer { _ = try? link.detach() }
            for isRegistered in [false, true] {
                if isRegistered {
                    #expect(try bench.command("register-field", "tenant", "--type", "u32").exitCode == 0)
                }
                let before = try State(bench)
                _ = try Self.doctor(bench)
                #expect(try State(bench) == before)
            }
        }
    }

    /// What the doctor could have changed.
    struct State: Equatable {
        let pins: [String]
        let xdp: HookOccupancy
        let tc: HookOccupancy
        let qdiscs: String
        let registry: RegistryImage?

        init(_ bench: Bench) throws {
            pins = bench.scratch.pins
            registry = try? Registry.open(at: bench.scratch.path, for: .read).image()
            (xdp, tc, qdiscs) = try bench.pair.inReceiver {
                (
                    try HookOccupancy(of: VethPair.far, .xdp), try HookOccupancy(of: VethPair.far, .tcIngress),
                    try ChildProcess.run(["tc", "qdisc", "show"]).output
                )
            }
        }
    }

    @Test func noFileSystemIsMounted() throws {
        try Kernel.run {
            let script = """
                umount -a -t bpf; \(Fixture.command) doctor; echo "exit $?"; \
                setpriv --bounding-set=-sys_admin \(Fixture.command) doctor; echo "exit $?"; \
                setpriv --bounding-set=-all \(Fixture.command) doctor | tr -s " \n" " "; grep -c ' - bpf ' /proc/self/mountinfo
                """
            // Its shell is the first process there: what would be mounted would last.
            let outcome = try ChildProcess.run([
                "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "sh", "-c", script,
            ])
            #expect(outcome.output.contains("mounted at /sys/fs/bpf; register-field mounts it"), "\(outcome.output)")
            #expect(outcome.output.contains("As root: mount -t bpf bpf /sys/fs/bpf"), "\(outcome.output)")
            #expect(outcome.output.contains("exit 0\n"))
            #expect(outcome.output.contains("exit 77\n"))
            let hidden = "this process may not look whether a mount namespace around its own"
            #expect(outcome.output.ranges(of: hidden).count == 1, "\(outcome.output)")
            #expect(outcome.output.hasSuffix("0\n"), "it is not mounted by that")
        }
    }

    // MARK: Privileges

    static func unprivileged(_ bench: Bench, _ arguments: [String]) throws -> ChildProcess.Outcome {
        try bench.pair.inReceiver {
            try ChildProcess.run(
                ["setpriv"] + arguments
                    + [Fixture.command, "doctor", "far0", "--registry", bench.scratch.path.string])
        }
    }

    @Test(arguments: [("bpf", "CAP_BPF"), ("net_admin", "CAP_NET_ADMIN"), ("perfmon", "CAP_PERFMON")])
    func aMissingCapabilityIsNamed(capability: String, name: String) throws {
        try Kernel.run {
            let bench = try Bench()
            // CAP_SYS_ADMIN would stand for two of them.
            let outcome = try Self.unprivileged(bench, ["--bounding-set=-sys_admin,-\(capability)"])
            #expect(outcome.status == 77, "\(outcome.output)")
            #expect(outcome.output.contains("this process lacks \(name) ("), "\(outcome.output)")
            #expect(outcome.output.contains("Run it as root, or with these capabilities."))
            #expect(outcome.output.contains("not tried without \(name)\n"))
        }
    }

    @Test func withoutSysAdminItIsWeaker() throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign_tc")), name: "foreign")
                .load(only: "foreign_tc")
            let link = try bench.pair.inReceiver {
                try BPFLink.tcx(
                    program, ifindex: NetworkInterface(named: VethPair.far).index, .ingress, at: .last)
            }
            let id = try link.information.id
            let outcome = try Self.unprivileged(bench, ["--bounding-set=-sys_admin"])
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(outcome.output.contains(/weaker +capabilities +this process lacks CAP_SYS_ADMIN/))
            #expect(outcome.output.contains(/unknown +tunnels +no tunnel of this network namespace takes/))
            #expect(outcome.output.contains("the kernel has XDP and TCX links (not tried"))
            #expect(outcome.output.contains("program \(program.id) (link \(id))"), "no name without it")
        }
    }

    @Test func aPlainUserGetsAnAnswer() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("register-field", "tenant", "--type", "u32").exitCode == 0)
            #expect(try bench.command("attach-to-interface", "far0").exitCode == 0)
            let outcome = try Self.unprivileged(bench, ["--reuid=65534", "--regid=65534", "--clear-groups"])
            #expect(outcome.status == 77, "\(outcome.output)")
            // Whose the program is, such a user cannot see: it may be this registry's.
            #expect(outcome.output.contains(/unknown +xdp-hook +whose program/), "\(outcome.output)")
            for text in ["lacks CAP_BPF", "CAP_NET_ADMIN", "that takes CAP_NET_ADMIN", "unknown  programs"] {
                #expect(outcome.output.contains(text), "\(text): \(outcome.output)")
            }
        }
    }
}
