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

/// `export-btf`, as a loader uses it that knows nothing of pktmeta but libbpf and the two pins.
@Suite(Kernel.required) struct ExportTests {
    enum Variant: String, CaseIterable, Sendable {
        case trusting = "exported"
        case live = "exported_live"
    }

    static let variants = Variant.allCases.flatMap { variant in Fixture.Compiler.allCases.map { (variant, $0) } }

    /// What Tests/Programs/exported.bpf.h reports.
    struct Report: Equatable {
        var opened, tenant, traceID, station, trusted, neverRegistered, byID: Int32
        var kernelTypes: UInt32
        var tenantValue, byIDValue: UInt32
        var traceValue, stationValue: [UInt8]

        init(_ bytes: [UInt8]) {
            func word(_ index: Int) -> UInt32 { decode(Array(bytes[index * 4..<index * 4 + 4]), as: UInt32.self) }
            func result(_ index: Int) -> Int32 { Int32(bitPattern: word(index)) }
            (opened, tenant, traceID, station) = (result(0), result(1), result(2), result(3))
            (trusted, neverRegistered, byID, kernelTypes) = (result(4), result(5), result(6), word(7))
            (tenantValue, byIDValue) = (word(8), word(9))
            traceValue = Array(bytes[40..<56])
            stationValue = Array(bytes[56..<62])
        }

        var results: [Int32] { [opened, tenant, traceID, station, trusted, neverRegistered] }
    }

    /// A program that was loaded through the exported file, and the map that it reports in.
    final class Program {
        private let program: BPFProgram
        private let map: BPFMap

        init(_ name: String, in object: consuming BPFObject, pins: FilePath) throws {
            try object.reuse(BPFMap(pinnedAt: pins.appending("registry")), as: "pktmeta_fields")
            program = try object.load(only: name)
            map = try object.map("report")
        }

        func run(_ area: [UInt8] = []) throws -> (report: Report, area: [UInt8]) {
            try map.update(at: 0, [UInt8](repeating: 0, count: map.shape.valueSize))
            let run = try program.testRunXDP(packet: [UInt8](repeating: 0x55, count: 64), metadata: area)
            return (Report(try map.value), Array(run.packet.prefix(run.metadataSize)))
        }
    }

    final class Bench {
        let scratch = ScratchRegistry()
        let folder: ScratchFolder
        let registry: Registry
        let file: FilePath

        init() throws {
            folder = try ScratchFolder()
            file = folder.path.appending("registry.btf")
            registry = try Registry.openOrCreate(at: scratch.path)
            try register("tenant", "u32")
            try register("trace_id", "bytes:16")
            try register("station", "mac")
            try register("trusted", "flag")
            try register("unused", "u16")
        }

        @discardableResult
        func register(_ name: String, _ type: String) throws -> RegisteredField {
            try registry.register(FieldDefinition(name: FieldName(name), type: FieldType(type))).field
        }

        func field(_ name: String) throws -> RegisteredField {
            try #require(try registry.image().field(named: FieldName(name)))
        }

        func export(_ arguments: String...) -> CommandRun {
            CommandRun(["export-btf", file.string, "--registry", scratch.path.string] + arguments)
        }

        func load(_ program: String, _ variant: Variant, _ compiler: Fixture.Compiler = .swift) throws -> Program {
            let bytes = try Fixture.bytes(Fixture.object(variant.rawValue, compiler))
            let object = try BPFObject(bytes: bytes, name: "outsider", typesPath: file.string)
            return try Program(program, in: object, pins: scratch.path)
        }

        /// An area of the registry as it is now, in which these fields are set and each byte is 0xee.
        func area(set names: String...) throws -> [UInt8] {
            try registry.area(set: names.map { try field($0).slot }, filledWith: 0xee)
        }
    }

    @Test(arguments: variants)
    func anyLoaderBindsFieldsByName(variant: Variant, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench()
            let exported = bench.export()
            #expect(exported.exitCode == 0, "\(exported.errors)")
            #expect(exported.output == "" && exported.bytes == [])

            let (set, area) = try bench.load("set_all", variant, compiler).run()
            #expect(set.results == [0, 0, 0, 0, 0, noEntry])
            let offset = try bench.field("tenant").layout.offset
            #expect(Array(area[offset..<offset + 4]) == [4, 3, 2, 1])

            let (got, same) = try bench.load("get_all", variant, compiler).run(area)
            #expect(got.results == [0, 0, 0, 0, 1, noEntry])
            #expect(got.tenantValue == 0x0102_0304)
            #expect(got.byID == 0 && got.byIDValue == 0x0102_0304)
            #expect(got.traceValue == [UInt8](repeating: 0x11, count: 8) + [UInt8](repeating: 0x22, count: 8))
            #expect(got.stationValue == [2, 0, 0x5e, 0x10, 0, 0xff])
            #expect(same == area)
        }
    }

    /// Fields that a loaded program knows are unregistered, and others take their bits and their bytes.
    private func replaceFields(_ bench: Bench) throws {
        let (tenant, trace) = (try bench.field("tenant"), try bench.field("trace_id"))
        _ = try bench.registry.unregister(tenant.name)
        _ = try bench.registry.unregister(trace.name)
        let intruders = [
            try bench.register("intruder", "be32"), try bench.register("first_half", "u64"),
            try bench.register("second_half", "bytes:8"),
        ]
        let taken = intruders.flatMap { $0.layout.offset..<$0.layout.offset + $0.layout.size }
        for field in [tenant, trace] {
            let bytes = field.layout.offset..<field.layout.offset + field.layout.size
            #expect(bytes.allSatisfy(taken.contains), "the test needs the bytes of \(field.name)")
        }
    }

    @Test(arguments: Fixture.Compiler.allCases)
    func aLiveProgramNeverTakesAnotherFieldForItsOwn(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(bench.export().exitCode == 0)
            let (setter, getter) = (
                try bench.load("set_all", .live, compiler), try bench.load("get_all", .live, compiler)
            )
            let (_, old) = try setter.run()
            try replaceFields(bench)

            let new = try bench.area(set: "intruder", "first_half", "second_half", "station")
            for area in [old, new] {
                let (got, _) = try getter.run(area)
                #expect(got.tenant == noEntry && got.traceID == noEntry && got.byID == noEntry)
                #expect(got.tenantValue == 0 && got.byIDValue == 0)
                #expect(got.traceValue == [UInt8](repeating: 0, count: 16))
                #expect(got.opened == 0 && got.station == 0, "the others stay")
            }
            let (set, after) = try setter.run(new)
            #expect(set.results == [0, noEntry, noEntry, 0, 0, noEntry])
            for name in ["intruder", "first_half", "second_half"] {
                let layout = try bench.field(name).layout
                #expect(after[layout.offset..<layout.offset + layout.size].allSatisfy { $0 == 0xee }, "\(name)")
            }
            // It makes areas of the registry as it is now.
            let (made, area) = try setter.run()
            #expect(made.results == [0, noEntry, noEntry, 0, 0, noEntry])
            #expect(try area.suffix(8) == bench.area().suffix(8) && area.prefix(4) == bench.area().prefix(4))

            // Exported again, the new program does not know the fields that are gone, and so the verifier refuses an id.
            #expect(bench.export().exitCode == 0)
            #expect(try bench.load("set_all", .live, compiler).run(new).report.results == set.results)
            #expect(throws: BPFError.self) { _ = try bench.load("get_all", .live, compiler) }
        }
    }

    @Test(arguments: Fixture.Compiler.allCases)
    func aTrustingProgramRefusesAreasThatItCannotKnow(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(bench.export().exitCode == 0)
            let (setter, getter) = (
                try bench.load("set_all", .trusting, compiler), try bench.load("get_all", .trusting, compiler)
            )
            let (_, old) = try setter.run()
            try replaceFields(bench)

            // A packet under way still has what was set in it.
            #expect(try getter.run(old).report.tenantValue == 0x0102_0304)
            let new = try bench.area(set: "intruder", "first_half", "second_half", "station")
            let (got, _) = try getter.run(new)
            #expect(got.results == [fault, fault, fault, fault, fault, noEntry])
            #expect(got.byID == noEntry)
            let (set, after) = try setter.run(new)
            #expect(set.results == [fault, fault, fault, fault, fault, noEntry])
            #expect(after == new)
            let (made, area) = try setter.run()
            #expect(made.opened == fault && area == [])
        }
    }

    @Test func kernelTypesAreThereOnRequest() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(bench.export().exitCode == 0)
            #expect(try bench.load("ask_for_kernel_types", .live).run().report.kernelTypes == 0)
            #expect(bench.export("--with-kernel-types").exitCode == 0)
            #expect(try bench.load("ask_for_kernel_types", .live).run().report.kernelTypes == 1)
            #expect(try bench.load("set_all", .live).run().report.results == [0, 0, 0, 0, 0, noEntry])
        }
    }

    /// But for the number that is drawn each time, of 8 bytes, in two places.
    @Test func theOutputTakesTheSameBytes() throws {
        try Kernel.run {
            let bench = try Bench()
            let json = bench.export("--json")
            #expect(json.exitCode == 0)
            let bytes = try Fixture.bytes(bench.file)
            #expect(try json.json["size"] as? Int == bytes.count)
            #expect(try json.json["file"] as? String == bench.file.string)
            #expect(try Folder.names(in: bench.folder.path) == ["registry.btf"])
            for arguments in [["export-btf"], ["export-btf", "-"]] {
                let run = CommandRun(arguments + ["--registry", bench.scratch.path.string])
                #expect(run.exitCode == 0 && run.output == "", "\(run.errors)")
                #expect(run.bytes.count == bytes.count)
                #expect(1...16 ~= zip(run.bytes, bytes).count(where: !=), "another number, and nothing else")
            }
        }
    }

    /// A program is bound once only: to a field in the middle of its move it would be bound to nowhere.
    @Test func aFieldThatIsJustMovingIsWaitedFor() throws {
        try Kernel.run {
            let bench = try Bench()
            let field = try bench.field("tenant")
            let next = try bench.registry.image().word.generation.next
            let moving = field.layout.with(generation: next)
            var entry = try bench.registry.fieldsMap.slot(field.slot)
            entry.replaceSubrange(0..<8, with: ContractScript.little(moving.rawValue))
            try bench.registry.fieldsMap.setSlot(field.slot, entry)
            let busy = bench.export()
            #expect(busy.exitCode == 75 && busy.errors.contains("the field tenant is just moving"))
            #expect(!Folder.exists(bench.file))
            _ = try bench.registry.repair()
            #expect(bench.export().exitCode == 0)
            #expect(try bench.load("set_all", .live).run().report.results == [0, 0, 0, 0, 0, noEntry])
        }
    }

    /// Compaction moves a field that keeps its id: bound access refuses it, access by id follows.
    @Test(arguments: variants)
    func aFieldThatHasMovedIsRefusedUntilExportedAgain(variant: Variant, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(bench.export().exitCode == 0)
            let getter = try bench.load("get_all", variant, compiler)
            let setter = try bench.load("set_all", variant, compiler)
            let before = try bench.field("station")
            _ = try bench.registry.unregister(FieldName("tenant"))
            let tenant = try bench.register("tenant", "u32")
            _ = try bench.registry.unregister(FieldName("trace_id"))
            let compacted = CommandRun(["compact", "--registry", bench.scratch.path.string])
            #expect(compacted.exitCode == 0, "\(compacted.errors)")
            let after = try bench.field("station")
            #expect(after.id == before.id && after.layout.offset != before.layout.offset, "the test needs a move")

            let area = try bench.area(set: "tenant", "station")
            let (got, _) = try getter.run(area)
            #expect(got.opened == (variant == .live ? 0 : fault))
            #expect(got.station == (variant == .live ? noEntry : fault))
            #expect(got.stationValue == [UInt8](repeating: 0, count: 6))
            let (_, untouched) = try setter.run(area)
            for layout in [after.layout, tenant.layout] {
                #expect(untouched[layout.offset..<layout.offset + layout.size].allSatisfy { $0 == 0xee })
            }
            #expect(bench.export().exitCode == 0)
            #expect(try bench.load("get_all", variant, compiler).run(area).report.station == 0)
        }
    }

    @Test func whatCannotBeExportedIsRefusedAndLeavesTheFile() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(bench.export().exitCode == 0)
            let bytes = try Fixture.bytes(bench.file)
            let missing = CommandRun(["export-btf", bench.file.string, "--registry", "/sys/fs/bpf/no-such"])
            #expect(missing.exitCode == 66)

            var entry = try bench.registry.fieldsMap.slot(2)
            entry.replaceSubrange(8..<40, with: [UInt8](repeating: 0x78, count: 32))  // a name without an end
            try bench.registry.fieldsMap.setSlot(2, entry)
            let damaged = bench.export()
            #expect(damaged.exitCode == 65)
            #expect(damaged.errors.contains("is damaged: slot 2: its name or owner is not terminated"))
            #expect(try Fixture.bytes(bench.file) == bytes)
        }
    }
}
