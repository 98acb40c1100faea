// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import PktmetaABI
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// The producer sets a sampled field on one packet in N of each CPU.
@Suite(Kernel.required) struct SampleTests {
    static func register(_ bench: PairTests.Bench, _ name: String, _ source: String, sample: Int) throws {
        let definition = try FieldDefinition(
            name: FieldName(name), type: .u64, source: FieldSource(source, type: .u64), sample: sample)
        _ = try bench.registry.register(definition)
    }

    /// How often each CPU set a field.
    static func sets(_ bench: PairTests.Bench, _ name: String) throws -> [UInt64] {
        let field = try #require(try bench.registry.image().field(named: FieldName(name)))
        return try cpus(bench).map { $0[PKTMETA_COUNTER_SET, field.slot] }
    }

    static func cpus(_ bench: PairTests.Bench) throws -> [CountedCPU] {
        try BPFMap(pinnedAt: bench.scratch.path.appending("state"), readOnly: true).values(at: 0)
            .map { CountedCPU(bytes: $0) }
    }

    /// Which CPU receives is the kernel's choice; each counts from the registry's first packet on.
    @Test func onePacketInN() throws {
        try Kernel.run {
            let samples = [("each", 1), ("second", 2), ("third", 3), ("tenth", 10), ("rare", 4_294_967_295)]
            let bench = try PairTests.Bench(capacity: 64, statistics: .all)
            for (name, sample) in samples {
                try Self.register(bench, name, sample == 3 ? "ktime" : "sequence", sample: sample)
            }
            try bench.send(1000)

            let packets = try Self.cpus(bench).map { $0[\.packets] }
            #expect(packets.reduce(0, +) == 1000)
            for (name, sample) in samples {
                let expected = packets.map { ($0 + UInt64(sample) - 1) / UInt64(sample) }
                #expect(try Self.sets(bench, name) == expected, "\(name)")
                let state = try bench.state(name)
                #expect(state.got == expected.reduce(0, +), "\(name)")
                #expect(state.got + state.notSet == 1000 && state.values == state.got, "\(name)")
                #expect(state.setRefused.total + state.getRefused.total == 0)
            }
        }
    }

    /// What nobody samples is not counted, and so costs nothing.
    @Test func withoutSamplesNothingIsCounted() throws {
        try Kernel.run {
            let bench = try PairTests.Bench(fields: [("seen_at", "u64", "ktime")])
            try bench.send(10)
            let packets = try Self.cpus(bench).map { $0[\.packets] }
            #expect(packets.allSatisfy { $0 == 0 })
            #expect(try bench.state("seen_at").set == 10)
        }
    }

    @Test func theCommandTakesAndShowsIt() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            func command(_ arguments: String...) -> CommandRun {
                CommandRun(arguments + ["--registry", scratch.path.string])
            }
            let registered = command(
                "register-field", "seen_at", "--type", "u64", "--source", "ktime", "--sample", "50")
            #expect(registered.exitCode == 0, "\(registered.errors)")
            #expect(command("inspect-map", "registry").output.contains("ktime, 1 in 50"))
            #expect(command("inspect-map", "registry", "--json").output.contains("\"sample\" : 50"))
            let other = command("register-field", "seen_at", "--type", "u64", "--source", "ktime")
            #expect(other.exitCode == 73)
            for sample in ["0", "-1", "4294967296", "many"] {
                let bad = command("register-field", "x", "--type", "u64", "--source", "ktime", "--sample=\(sample)")
                #expect(bad.exitCode == 64, "\(sample)")
            }
            #expect(command("register-field", "x", "--type", "u64", "--sample", "2").exitCode == 64)
        }
    }
}
