// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// The well-known fields, which the producer asks the driver for. veth answers: the VLAN tag if there is one, the stack's
/// hash, and 0 as timestamp.
@Suite(Kernel.required) struct HardwareTests {
    typealias Bench = AttachmentTests.Bench

    static let commands = WellKnownField.allCases.map {
        ["register-field", $0.name, "--type", "\($0.type)", "--source", $0.name.replacing("_", with: "-")]
    }
    static let registerVLAN = commands[2]

    static func bench(_ commands: [[String]]) throws -> Bench {
        let bench = try Bench()
        _ = try Registry.openOrCreate(at: bench.scratch.path)
        for arguments in commands { try run(bench, arguments) }
        return bench
    }

    /// Runs a command that must succeed, at the far end.
    @discardableResult
    static func run(
        _ bench: Bench, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let run = try bench.pair.inReceiver { CommandRun(arguments + ["--registry", bench.scratch.path.string]) }
        #expect(run.exitCode == 0, "\(run.errors)", sourceLocation: sourceLocation)
        return run.output
    }

    static func command(_ bench: Bench, _ arguments: [String]) throws -> CommandRun {
        try bench.pair.inReceiver { CommandRun(arguments + ["--registry", bench.scratch.path.string]) }
    }

    static func state(_ bench: Bench, _ name: String) throws -> FieldState {
        let registry = try Registry.open(at: bench.scratch.path, for: .read)
        return try registry.state(of: #require(try registry.image().field(named: FieldName(name))))
    }

    /// Sends packets, with a VLAN tag of priority 3 and id 5 if asked for, and waits for them.
    static func send(_ bench: Bench, _ count: UInt64, tagged: Bool = false) throws {
        let registry = try Registry.open(at: bench.scratch.path, for: .read)
        let seen = try registry.areaState().found
        try setTagging(bench, tagged)
        try bench.pair.send(Int(count))
        let arrived = try eventually { try registry.areaState().found >= seen + count }
        let area = try registry.areaState()
        #expect(arrived, "\(area)")
    }

    /// A program at the near end's egress pushes the tag: this works on kernels without VLAN devices too.
    private static func setTagging(_ bench: Bench, _ tagged: Bool) throws {
        let pin = bench.scratch.path.appending("tagger")
        defer { try? Folder.unlink(pin) }
        try bench.pair.inSender {
            _ = try ChildProcess.run("tc qdisc del dev near0 clsact".split(separator: " ").map(String.init))
            guard tagged else { return }
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("tagger")), name: "tagger")
            try object.load(only: "push_tag").pin(at: pin)
            for command in [
                "qdisc add dev near0 clsact",
                "filter add dev near0 egress bpf direct-action object-pinned \(pin)",
            ] {
                let outcome = try ChildProcess.run(["tc"] + command.split(separator: " ").map(String.init))
                try #require(outcome.status == 0, "\(outcome.output)")
            }
        }
    }

    @Test func theDriverIsAsked() throws {
        try Kernel.run {
            let bench = try Self.bench(
                Self.commands + [["register-field", "tenant", "--type", "u32", "--source", "constant:7"]])
            #expect(try Self.run(bench, Self.commands[0]) == "0x0100001d")
            #expect(try Self.run(bench, Self.commands[1]) == "0x0100001e")
            #expect(try Self.run(bench, Self.commands[2]) == "0x0100001f")
            #expect(try Self.run(bench, ["attach-to-interface", "far0"]).contains("producer attached (native)"))

            try Self.send(bench, 20)
            let untagged = try Self.state(bench, "rx_vlan")
            #expect(untagged.set == 0 && untagged.got == 0 && untagged.notSet == 20)
            let timestamp = try Self.state(bench, "rx_timestamp")
            #expect(timestamp.set == 0 && timestamp.notSet == 20, "veth's is 0 without a NIC's: that is none")
            // The stack's hash of the flow.
            let hash = try Self.state(bench, "rx_hash")
            #expect(hash.got == 20 && hash.range?.count == 1)
            #expect(try Self.state(bench, "tenant").range == 7...7)

            try Self.send(bench, 30, tagged: true)
            let tagged = try Self.state(bench, "rx_vlan")
            #expect(tagged.set == 30 && tagged.got == 30 && tagged.notSet == 20)
            #expect(tagged.range == 0x6005...0x6005)
            #expect(try Self.state(bench, "tenant").got == 50)
        }
    }

    /// The two builds of the producer take each other's place as the fields come and go.
    @Test func theAttachedProducerIsSwapped() throws {
        try Kernel.run {
            let bench = try Self.bench([["register-field", "tenant", "--type", "u32", "--source", "constant:7"]])
            try Self.run(bench, ["attach-to-interface", "far0"])
            let plain = try bench.attachedXDP()
            try Self.send(bench, 10, tagged: true)

            try Self.run(bench, Self.registerVLAN)
            let bound = try bench.attachedXDP()
            #expect(bound != plain && bound != nil)
            try Self.send(bench, 10, tagged: true)
            #expect(try Self.state(bench, "rx_vlan").range == 0x6005...0x6005)
            // Bound to bound.
            try Self.run(bench, ["register-field", "zone", "--type", "u8", "--source", "constant:3"])
            try Self.send(bench, 10, tagged: true)
            #expect(try Self.state(bench, "rx_vlan").got == 20)
            #expect(try Self.state(bench, "zone").got == 10)
            #expect(try Self.run(bench, ["attach-to-interface", "far0"]).contains("producer unchanged (native)"))

            try Self.run(bench, ["unregister-field", "rx_vlan"])
            try Self.send(bench, 10, tagged: true)
            #expect(try Self.state(bench, "tenant").got == 40)
            #expect(try Self.run(bench, ["attach-to-interface", "far0"]).contains("producer unchanged (native)"))
            // Without hardware fields, a namespace of nobody's is no matter: the build is the plain one.
            _ = CommandRun(["unregister-field", "zone", "--registry", bench.scratch.path.string])
            try Self.send(bench, 10)
            #expect(try Self.state(bench, "tenant").got == 50)

            #expect(try Self.run(bench, Self.registerVLAN) == "0x0100001f")
            try Self.send(bench, 10, tagged: true)
            #expect(try Self.state(bench, "rx_vlan").got == 10)
        }
    }

    // MARK: Where no driver can be asked

    /// All is attached but what asks, which is told; the field is not set there.
    private static func expectShortfall(
        _ bench: Bench, _ interface: String, _ options: [String], mode: String, saying reason: String
    ) throws {
        let attach = ["attach-to-interface", interface, "--xdp", "prebuilt"] + options
        let output = try run(bench, attach)
        #expect(output.hasPrefix("\(interface): XDP: producer attached (\(mode)"), "\(output)")
        #expect(output.contains("\(interface) cannot fill rx_vlan: \(reason)"), "\(output)")
        #expect(try run(bench, attach).hasPrefix("\(interface): XDP: producer unchanged (\(mode)"))
        // Neither does it keep the registry from changing.
        try run(bench, ["register-field", "later", "--type", "u8", "--source", "constant:3"])
        try run(bench, ["unregister-field", "later"])
    }

    @Test func loopbackCannotBeAsked() throws {
        try Kernel.run {
            let bench = try Self.bench([Self.registerVLAN])
            try bench.pair.inReceiver { try VethPair.ip("link set lo up") }
            try Self.expectShortfall(bench, "lo", [], mode: "generic", saying: "its XDP mode is generic")
            let doctor = try bench.pair.inReceiver {
                try DoctorTests.Report(
                    CommandRun(["doctor", "lo", "--json", "--registry", bench.scratch.path.string]))
            }
            #expect(doctor.level(.hardware) == "weaker")
            #expect(doctor.text(.hardware) == "its driver cannot fill rx_vlan: programs find that not set (ENOENT)")
            try Self.run(bench, ["detach-from-interface", "lo"])
            let native = try bench.command("attach-to-interface", "lo", "--mode", "native")
            #expect(native.exitCode == 69 && native.errors.contains("the driver has no native XDP"), "\(native.errors)")
        }
    }

    @Test func genericModeCannotBeAsked() throws {
        try Kernel.run {
            let tenant = ["register-field", "tenant", "--type", "u32", "--source", "constant:7"]
            let bench = try Self.bench([Self.registerVLAN, tenant])
            try Self.expectShortfall(
                bench, "far0", ["--mode", "generic"], mode: "generic", saying: "its XDP mode is generic")
            try Self.run(bench, ["attach-to-interface", "far0", "--tc", "prebuilt"])
            try Self.send(bench, 10, tagged: true)
            #expect(try Self.state(bench, "tenant").got == 10)
            let vlan = try Self.state(bench, "rx_vlan")
            #expect(vlan.got == 0 && vlan.notSet == 10)
        }
    }

    /// Some interfaces can, others cannot: each gets what it can have, and what is registered later is told of.
    @Test func aRegistrationIsNotHeldUp() throws {
        try Kernel.run {
            let bench = try Self.bench([])
            try bench.pair.inReceiver { try VethPair.ip("link set lo up") }
            try Self.run(bench, ["attach-to-interface", "far0", "lo"])
            let registered = try bench.command("register-field", "rx_vlan", "--type", "u16", "--source", "rx-vlan")
            #expect(registered.exitCode == 0)
            #expect(registered.errors == "note: lo cannot fill rx_vlan: it is not set there")
            try Self.send(bench, 10, tagged: true)
            #expect(try Self.state(bench, "rx_vlan").got == 10)
        }
    }

    /// A program is bound in the interface's namespace, wherever the command runs.
    @Test func theNamespaceIsFound() throws {
        try Kernel.run {
            let bench = try Self.bench([["register-field", "tenant", "--type", "u32", "--source", "constant:7"]])
            try Self.run(bench, ["attach-to-interface", "far0"])
            let elsewhere = Self.registerVLAN + ["--registry", bench.scratch.path.string]
            let refused = try ChildProcess.run(["setpriv", "--bounding-set=-sys_admin", Fixture.command] + elsewhere)
            #expect(refused.status == 77)
            #expect(refused.output.contains("far0 cannot fill rx_vlan: its network namespace cannot be entered"))
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            #expect(try registry.image().fields.count == 1)

            // By this process's descriptor of it: it has no name.
            let found = CommandRun(elsewhere)
            #expect(found.exitCode == 0, "\(found.errors)")
            try Self.send(bench, 5, tagged: true)
            #expect(try Self.state(bench, "rx_vlan").got == 5)
        }
    }

    /// The same ifindex may be another interface's in the namespace where it was attached.
    @Test func aMovedInterfaceIsFound() throws {
        try Kernel.run {
            let bench = try Self.bench([Self.registerVLAN])
            try Self.run(bench, ["attach-to-interface", "far0"])
            let ifindex = try bench.pair.inReceiver { try NetworkInterface(named: VethPair.far).index }
            let elsewhere = try NetworkNamespace.create()
            try bench.pair.inReceiver {
                try VethPair.ip("link set far0 netns /proc/\(ProcessID.current)/fd/\(elsewhere.fd.raw)")
                try VethPair.ip("link add name other0 index \(ifindex) type veth peer name other1")
            }
            let arguments = ["register-field", "tenant", "--type", "u32", "--source", "constant:7"]
            let here = try bench.pair.inReceiver { CommandRun(arguments + ["--registry", bench.scratch.path.string]) }
            #expect(here.exitCode == 0, "\(here.errors)")
            let there = try elsewhere.run { () throws(Errno) in
                CommandRun(["attach-to-interface", "far0", "--registry", bench.scratch.path.string])
            }
            #expect(there.output.contains("far0: XDP: producer unchanged (native)"), "\(there.errors)")
        }
    }

    @Test func aFullRegistryWorks() throws {
        try Kernel.run {
            let ordinary = (0..<28).map { ["register-field", "f\($0)", "--type", "u8", "--source", "constant:\($0)"] }
            let bench = try Self.bench(ordinary + Self.commands)
            try Self.run(bench, ["attach-to-interface", "far0"])
            try Self.send(bench, 10, tagged: true)
            for index in 0..<28 { #expect(try Self.state(bench, "f\(index)").got == 10) }
            #expect(try Self.state(bench, "rx_vlan").range == 0x6005...0x6005)
        }
    }

    @Test func namesAndSourcesGoTogether() throws {
        try Kernel.run {
            let bench = try Self.bench([])
            for arguments in [
                ["rx_vlan", "--type", "u16"], ["rx_vlan", "--type", "u32", "--source", "rx-vlan"],
                ["rx_hash", "--type", "u32", "--source", "flow-hash"], ["tag", "--type", "u16", "--source", "rx-vlan"],
            ] {
                try RefusalTests.expectRefusal(
                    bench, ["register-field"] + arguments, exitCode: 64,
                    saying: "Well-known: rx_timestamp --type u64 --source rx-timestamp")
            }
        }
    }
}
