// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// bpf/examples/: three organisations that never met, on one interface.
@Suite(Kernel.required) struct ExampleTests {
    /// Of 192.0.2.1, by its /24.
    private static let tenant = 0x0002
    private static let noTenant = 0xffff_ffff

    final class Bench {
        let attachments: AttachmentTests.Bench
        let globexCounts: BPFMap

        /// Acme and Globex, each attached by a command of its own.
        init(_ compiler: Fixture.Compiler) throws {
            let bench = try AttachmentTests.Bench()
            for arguments in [["tenant", "--type", "u32"], ["trace_id", "--type", "bytes:8"]] {
                let run = CommandRun(
                    ["register-field"] + arguments + ["--owner", "acme", "--registry", bench.scratch.path.string])
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            let acme = try bench.command(
                "attach-to-interface", "far0", "--xdp", Fixture.example("acme_ingress", compiler).string, "--tc", "none"
            )
            #expect(acme.output == "far0: XDP: acme_ingress attached (native)", "\(acme.errors)")
            let globex = try bench.command(
                "attach-to-interface", "far0", "--tc", Fixture.example("globex_steering", compiler).string,
                "--xdp", "none")
            #expect(globex.output == "far0: TC ingress: globex_steering attached (tcx)", "\(globex.errors)")
            let pin = try #require(bench.scratch.pins.first { $0.hasSuffix("/maps/tenant_packets") })
            globexCounts = try BPFMap(pinnedAt: bench.scratch.path.appending(pin))
            attachments = bench
        }

        func field(_ name: String) throws -> RegisteredField {
            let registry = try Registry.open(at: attachments.scratch.path, for: .read)
            return try #require(try registry.image().field(named: FieldName(name)))
        }

        /// Packets that Globex has counted for a tenant.
        func counted(_ tenant: Int) -> UInt64 {
            guard let value = try? globexCounts.values(at: tenant) else { return 0 }
            return decode(value[0], as: UInt64.self)
        }

        func send(_ count: Int) throws { try attachments.pair.send(count) }
    }

    /// Behind the others, loaded by its own loader.
    final class Initech {
        private let link: BPFLink
        private let records, gapCount: BPFMap

        init(_ bench: Bench, _ compiler: Fixture.Compiler) throws {
            let registry = try Registry.open(at: bench.attachments.scratch.path, for: .write)
            let object = try registry.objectOfOthers(Fixture.example("initech_audit", compiler), name: "initech")
            let program = try object.load(only: "initech_audit")
            let ids = try ["tenant", "trace_id"].map { try bench.field($0).id.rawValue }
            try object.map("audit_config").update(at: 0, ids.flatMap { ContractScript.little($0) })
            records = try object.map("audit_records")
            gapCount = try object.map("audit_gaps")
            link = try bench.attachments.pair.inReceiver {
                try BPFLink.tcx(program, ifindex: NetworkInterface(named: VethPair.far).index, .ingress)
            }
        }

        struct Record {
            var packets, traced: UInt64
            var lastTrace: [UInt8]
        }

        func record(_ subject: Int) -> Record? {
            guard let value = try? records.values(at: subject)[0] else { return nil }
            return Record(
                packets: decode(value, as: UInt64.self), traced: decode(Array(value[8..<16]), as: UInt64.self),
                lastTrace: Array(value[16..<24]))
        }

        func gaps() throws -> UInt64 { decode(try gapCount.values(at: 0)[0], as: UInt64.self) }
    }

    @Test(arguments: Fixture.Compiler.usual)
    func threeStrangersShareFields(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(compiler)
            let initech = try Initech(bench, compiler)
            let observer = try SinkTests.Bench.Neighbour("observe", bench.attachments.pair)
            try bench.send(400)
            let arrived = eventually { initech.record(Self.tenant)?.packets == 400 }
            #expect(arrived)
            #expect(bench.counted(Self.tenant) == 400 && bench.counted(Self.noTenant) == 0)
            let record = try #require(initech.record(Self.tenant))
            // Acme gives one packet in 8 an id, at random.
            #expect(10...200 ~= record.traced)
            #expect(record.lastTrace != [UInt8](repeating: 0, count: 8))
            #expect(try initech.gaps() == 0)
            // Queue and class of tenant 2.
            let seen = try observer.observed.values(at: 0)[0]
            #expect(decode(Array(seen[8..<12]), as: UInt32.self) == 0x10003)
            #expect(decode(Array(seen[12..<16]), as: UInt32.self) == 2)

            // Who uses the field is told by the registry's commands, for those that name it.
            let refused = try bench.attachments.command("unregister-field", "tenant")
            #expect(refused.exitCode == 73)
            #expect(
                refused.errors.contains(
                    "program acme_ingress on far0 (XDP) uses it, program globex_steering on far0 (TC ingress) uses it"))
            #expect(try bench.attachments.command("unregister-field", "tenant", "--force").exitCode == 0)
            #expect(try bench.attachments.command("register-field", "intruder", "--type", "u32").exitCode == 0)
            try bench.send(10)
            let gone = try eventually { try initech.gaps() == 10 }
            #expect(gone)
            #expect(bench.counted(Self.tenant) == 400 && bench.counted(Self.noTenant) == 10)
            #expect(initech.record(Self.tenant)?.packets == 400)
        }
    }
}
