// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

private let noEntry: Int32 = -2
private let fault: Int32 = -14
private let busy: Int32 = -16
private let invalid: Int32 = -22

/// Each row of the contract in design.md, for each hook and compiler.
@Suite(Kernel.required) struct ContractTests {
    enum Hook: CaseIterable, Sendable {
        case xdp, tc

        func harness(_ registry: borrowing Registry, _ compiler: Fixture.Compiler) throws -> any ContractHarness {
            switch self {
            case .xdp: try XDPHarness(registry, compiler)
            case .tc: try TCHarness(registry, compiler)
            }
        }
    }

    /// A registry with fields of several sizes, a harness on it, and areas to begin with.
    final class Bench {
        let scratch = ScratchRegistry()
        let registry: Registry
        let harness: any ContractHarness
        let flag, byte, word, long, odd: RegisteredField

        init(_ hook: Hook, _ compiler: Fixture.Compiler) throws {
            registry = try Registry.openOrCreate(at: scratch.path)
            flag = try Self.register(registry, "flag_field", .flag)
            byte = try Self.register(registry, "byte_field", .u8)
            word = try Self.register(registry, "word_field", .u32)
            long = try Self.register(registry, "long_field", .u64)
            odd = try Self.register(registry, "odd_field", .bytes(13))
            harness = try hook.harness(registry, compiler)
        }

        static func register(
            _ registry: borrowing Registry, _ name: String, _ type: FieldType
        ) throws -> RegisteredField {
            try registry.register(FieldDefinition(name: FieldName(name), type: type)).field
        }

        /// An area as open makes it, its header changed as asked.
        func area(
            generation delta: Int = 0, flipping bits: UInt64 = 0, set fields: [RegisteredField] = []
        ) throws -> [UInt8] {
            try registry.area(generation: delta, flipping: bits, set: fields.map(\.slot), filledWith: 0x77)
        }
    }

    static let variants = Hook.allCases.flatMap { hook in Fixture.Compiler.allCases.map { (hook, $0) } }

    @Test(arguments: variants)
    func valuesOfEachSizeComeBack(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            for field in [bench.byte, bench.word, bench.long, bench.odd] {
                let value = (1...field.type.size).map { UInt8($0 * 7) }
                let outcome = try bench.harness.run(
                    area: bench.area(),
                    [
                        .get(field.id.rawValue, value.count), .set(field.id.rawValue, value),
                        .get(field.id.rawValue, value.count), .isSet(field.id.rawValue),
                    ])
                #expect(outcome.opened == 0)
                #expect(outcome.errnos == [noEntry, 0, 0, 1], "\(field.name)")
                #expect(outcome.results[2].value == value, "\(field.name)")
            }
        }
    }

    @Test(arguments: variants)
    func aFlagIsSetAndCleared(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            let id = bench.flag.id.rawValue
            let first = try bench.harness.run(area: bench.area(), [.isSet(id), .set(id, []), .isSet(id), .get(id, 0)])
            #expect(first.errnos == [0, 0, 1, 0])
            let second = try bench.harness.run(
                area: bench.area(set: [bench.flag]), [.isSet(id), .clear(id), .isSet(id), .clear(id)])
            #expect(second.errnos == [1, 0, 0, 0])
        }
    }

    @Test(arguments: variants)
    func clearingOneFieldKeepsTheOthers(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            let outcome = try bench.harness.run(
                area: bench.area(),
                [
                    .set(bench.word.id.rawValue, [1, 2, 3, 4]),
                    .set(bench.long.id.rawValue, [5, 6, 7, 8, 9, 10, 11, 12]),
                    .clear(bench.word.id.rawValue), .get(bench.long.id.rawValue, 8),
                ])
            #expect(outcome.errnos == [0, 0, 0, 0])
            #expect(outcome.results[3].value == [5, 6, 7, 8, 9, 10, 11, 12])
        }
    }

    @Test(arguments: variants)
    func unknownIDsAreNoEntry(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            let word = bench.word.id.rawValue
            let stale = word &+ 1 << 8  // the same slot, another epoch
            let registryItself = try UInt32(truncatingIfNeeded: bench.registry.image().word.rawValue >> 40) << 8
            for id in [0, 20, 0x0100_0014, stale, registryItself, word | 0x80, 0xffff_ffff] as [UInt32] {
                let outcome = try bench.harness.run(
                    area: bench.area(), [.set(id, [1, 2, 3, 4]), .get(id, 4), .isSet(id), .clear(id)])
                #expect(outcome.errnos == [noEntry, noEntry, noEntry, noEntry], "id \(id)")
            }
        }
    }

    @Test(arguments: variants)
    func anUnregisteredFieldIsNoEntryAlsoWhenItsBytesAreReused(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            let old = bench.word
            let before = try bench.area(set: [old])
            _ = try bench.registry.unregister(old.name)
            let gone = try bench.harness.run(
                area: before, [.get(old.id.rawValue, 4), .set(old.id.rawValue, [1, 2, 3, 4])])
            #expect(gone.errnos == [noEntry, noEntry])

            let new = try Bench.register(bench.registry, "successor", .be32)
            #expect(new.layout.offset == old.layout.offset && new.slot == old.slot, "the test needs the same place")
            let outcome = try bench.harness.run(
                area: before,
                [.get(old.id.rawValue, 4), .get(new.id.rawValue, 4), .set(new.id.rawValue, [1, 2, 3, 4])])
            // The packet's area is older than the new field, though it has the bit and bytes in its place.
            #expect(outcome.errnos == [noEntry, fault, fault])
            let fresh = try bench.harness.run(
                area: bench.area(), [.set(new.id.rawValue, [9, 8, 7, 6]), .get(new.id.rawValue, 4)])
            #expect(fresh.errnos == [0, 0])
        }
    }

    @Test(arguments: variants)
    func wrongSizesAreEINVALBeforeAnythingAboutThePacket(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            let areas = try [bench.area(), bench.area(flipping: 1 << 48)]
            for area in areas {
                let outcome = try bench.harness.run(
                    area: area,
                    [
                        .get(bench.word.id.rawValue, 8), .set(bench.word.id.rawValue, [1, 2]),
                        .set(bench.flag.id.rawValue, [1]), .get(bench.odd.id.rawValue, 16),
                    ])
                #expect(outcome.errnos == [invalid, invalid, invalid, invalid])
            }
        }
    }

    /// No field has more than 64 bytes, and no size may pass for another by its lower bits.
    @Test(arguments: variants)
    func sizesBeyondAllFieldsAreEINVAL(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            let id = bench.word.id.rawValue
            for sizes in [[65, 255, 256], [260, 70_000, 256]] {
                let calls = sizes.map { ContractScript.Call.get(id, $0) } + [.get(id ^ 0x100, sizes[0])]
                let outcome = try bench.harness.run(area: bench.area(), calls)
                #expect(outcome.errnos == [invalid, invalid, invalid, noEntry])
            }
        }
    }

    @Test(arguments: variants)
    func areasOfOthersAreEFAULTAndStay(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            let foreign =
                try [
                    [UInt8](repeating: 0, count: 64), [UInt8](repeating: 0xff, count: 64),
                    // Newer than the registry, and older than any packet can be.
                    bench.area(generation: 1, set: [bench.word]), bench.area(generation: -0x8000, set: [bench.word]),
                ]
                + (hook == .xdp ? Array(UInt64(0)..<64) : [0, 31, 32, 63]).map {
                    try bench.area(flipping: 1 << $0, set: [bench.word])
                }
            for area in foreign {
                let id = bench.word.id.rawValue
                let outcome = try bench.harness.run(
                    area: area, [.set(id, [1, 2, 3, 4]), .get(id, 4), .isSet(id), .clear(id)])
                #expect(outcome.opened == (hook == .xdp ? busy : fault))
                #expect(outcome.errnos == [fault, fault, fault, fault])
                if hook == .xdp { #expect(outcome.area == area) }
            }
        }
    }

    @Test(arguments: variants)
    func anOlderAreaIsEFAULTForNewerFieldsOnly(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(hook, compiler)
            let old = try bench.area(set: [bench.long])
            _ = try bench.registry.unregister(bench.word.name)
            let newer = try Bench.register(bench.registry, "newer", .u32)
            let outcome = try bench.harness.run(
                area: old,
                [
                    .get(bench.long.id.rawValue, 8), .get(newer.id.rawValue, 4), .isSet(newer.id.rawValue),
                    .set(bench.byte.id.rawValue, [3]),
                ])
            #expect(outcome.opened == 0)
            #expect(outcome.errnos == [0, fault, fault, 0])
            #expect(outcome.results[0].value == [UInt8](repeating: 0x77, count: 8))
        }
    }

    @Test(arguments: Fixture.Compiler.allCases)
    func openInXDPMakesAZeroedArea(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(.xdp, compiler)
            let outcome = try bench.harness.run(area: [], [.isSet(bench.word.id.rawValue)])
            #expect(outcome.opened == 0)
            #expect(outcome.errnos == [0])
            #expect(try outcome.area == bench.registry.area())
        }
    }

    /// Loaded by another loader, with the registry's map and without the types that have its seal.
    @Test(arguments: Fixture.Compiler.allCases)
    func withoutTheSealThereIsNoRegistry(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(.xdp, compiler)
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("contract_xdp", compiler)), name: "contract")
            try object.reuse(bench.registry.fieldsMap, as: "pktmeta_fields")
            let program = try object.load(only: "contract")
            let script = try object.map("script")
            let calls: [ContractScript.Call] = [.set(bench.word.id.rawValue, [1, 2, 3, 4])]
            for area in try [[], bench.area(set: [bench.word])] {
                try script.update(at: 0, ContractScript.encode(calls))
                let run = try program.testRunXDP(packet: [UInt8](repeating: 0x55, count: 64), metadata: area)
                let (opened, _, results) = ContractScript.decode(try script.values(at: 0)[0], calls)
                #expect(opened == noEntry && results[0].errno == fault)
                #expect(Array(run.packet.prefix(run.metadataSize)) == area, "nothing is made or changed")
            }
        }
    }

    @Test func openInTCWithoutAnAreaIsEFAULT() throws {
        try Kernel.run {
            let bench = try Bench(.tc, .swift)
            let outcome = try bench.harness.run(area: [], [.get(bench.word.id.rawValue, 4), .get(0, 4)])
            #expect(outcome.opened == fault)
            #expect(outcome.errnos == [fault, noEntry])
        }
    }

    /// 4 bytes of someone else's metadata are less than our header, and still someone else's.
    @Test func openInXDPKeepsShortMetadataOfOthers() throws {
        try Kernel.run {
            let bench = try Bench(.xdp, .swift)
            let outcome = try bench.harness.run(area: [1, 2, 3, 4], [.set(bench.word.id.rawValue, [1, 2, 3, 4])])
            #expect(outcome.opened == busy)
            #expect(outcome.errnos == [fault])
            #expect(outcome.area == [1, 2, 3, 4])
        }
    }

    /// Each capacity makes an area of just that size, zeroed to its last byte.
    @Test(arguments: [32, 64, 128, 136, 216])
    func areasHaveTheRegistrysCapacity(capacity: Int) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path, capacity: capacity)
            let outcome = try XDPHarness(registry, .swift).run(area: [], [])
            #expect(outcome.opened == 0)
            #expect(outcome.area.count == capacity)
            #expect(try outcome.area == registry.area())
        }
    }

    @Test func capacitiesThatTheKernelDoesNotGrantAreRefused() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            #expect {
                _ = try Registry.openOrCreate(at: scratch.path, capacity: 248)
            } throws: {
                ($0 as? PacketMetadataError)?.kind == .unsupported
            }
            #expect(!Folder.exists(scratch.path.appending("registry")))
        }
    }
}
