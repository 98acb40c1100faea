// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

private let noEntry: Int32 = -2

/// What `generate-header` makes, compiled and run.
@Suite(Kernel.required) struct GeneratedHeaderTests {
    /// In the order of Tests/Programs/generated/accessors.bpf.c.
    static let fields = [
        ("a_flag", "flag"), ("a_u8", "u8"), ("a_u16", "u16"), ("a_u32", "u32"), ("a_u64", "u64"), ("a_be16", "be16"),
        ("a_be32", "be32"), ("an_ipv4", "ipv4"), ("an_ipv6", "ipv6"), ("a_mac", "mac"), ("odd_bytes", "bytes:13"),
        ("many_bytes", "bytes:64"),
    ]

    final class Bench {
        let scratch = ScratchRegistry()
        let folder: ScratchFolder
        let registry: Registry
        let object: FilePath

        init(_ compiler: Fixture.Compiler) throws {
            folder = try ScratchFolder()
            registry = try Registry.openOrCreate(at: scratch.path, capacity: 216)
            for (name, type) in GeneratedHeaderTests.fields {
                let definition = try FieldDefinition(
                    name: FieldName(name), type: FieldType(type), owner: "*/ #error \"no comment\" /* \\")
                _ = try registry.register(definition)
            }
            let header = folder.path.appending("fields.h")
            let run = CommandRun(["generate-header", header.string, "--registry", scratch.path.string])
            #expect(run.exitCode == 0, "\(run.errors)")
            do {
                object = try compiler.compile(Fixture.source("generated/accessors.bpf.c"), in: folder)
            } catch let failure as Fixture.Compiler.Failure {
                Issue.record("\(failure.messages)")
                throw failure
            }
        }

        func field(_ name: String) throws -> RegisteredField {
            try #require(try registry.image().field(named: FieldName(name)))
        }
    }

    /// The fields' results, an array a call.
    struct Report {
        private let bytes: [UInt8]

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        enum Call: Int { case isSet, missing, set, got, setAtLast }

        private func word(_ index: Int) -> Int32 { decode(Array(bytes[index * 4..<index * 4 + 4]), as: Int32.self) }

        var opened: Int32 { word(0) }
        func results(_ call: Call) -> [Int32] { (0..<12).map { word(1 + call.rawValue * 12 + $0) } }
        func value(_ index: Int) -> ArraySlice<UInt8> { bytes[(256 + index * 64)..<(256 + (index + 1) * 64)] }
    }

    @Test(arguments: Fixture.Compiler.usual)
    func eachTypesAccessorsDoWhatTheySay(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(compiler)
            let object = try bench.registry.objectOfOthers(bench.object, name: "accessors")
            let program = try object.load(only: "exercise")
            let run = try program.testRunXDP(packet: [UInt8](repeating: 0x55, count: 64))
            let report = Report(try object.map("report").values(at: 0)[0])

            #expect(report.opened == 0)
            #expect(report.results(.isSet) == [Int32](repeating: 0, count: 12))
            #expect(report.results(.missing) == [Int32](repeating: noEntry, count: 12))
            #expect(report.results(.set) == [Int32](repeating: 0, count: 12))
            #expect(report.results(.got) == [Int32](repeating: 0, count: 12))
            #expect(report.results(.setAtLast) == (0..<12).map { $0 % 2 })
            for (index, (name, _)) in Self.fields.enumerated() {
                let layout = try bench.field(name).layout
                let expected = [UInt8](repeating: UInt8(0x10 + index), count: layout.size)
                #expect(Array(report.value(index).prefix(layout.size)) == expected, "\(name)")
                #expect(Array(run.packet[layout.offset..<layout.offset + layout.size]) == expected, "\(name)")
            }
        }
    }

    @Test func anIDOfAFieldRegisteredAnewIsNoEntry() throws {
        try Kernel.run {
            let bench = try Bench(.swift)
            let old = try bench.field("a_u32")
            _ = try bench.registry.unregister(old.name)
            let new = try bench.registry.register(old.definition).field
            #expect(new.layout.offset == old.layout.offset)
            let object = try bench.registry.objectOfOthers(bench.object, name: "accessors")
            let program = try object.load(only: "exercise")
            let run = try program.testRunXDP(packet: [UInt8](repeating: 0x55, count: 64))
            let report = Report(try object.map("report").values(at: 0)[0])
            for call in [Report.Call.isSet, .missing, .set, .got, .setAtLast] {
                #expect(report.results(call)[3] == noEntry)
                #expect(report.results(call)[4] != noEntry || call == .missing)
            }
            #expect(run.packet[new.layout.offset..<new.layout.offset + 4].allSatisfy { $0 == 0 })
        }
    }

    @Test func idsAreThoseByName() throws {
        try Kernel.run {
            let bench = try Bench(.swift)
            let object = try bench.registry.objectOfOthers(bench.object, name: "accessors")
            let run = try object.load(only: "compare_ids").testRunXDP(packet: [UInt8](repeating: 0, count: 64))
            #expect(run.verdict == 2)
        }
    }

    @Test func theOutputIsTheFile() throws {
        try Kernel.run {
            let bench = try Bench(.swift)
            let bytes = try Fixture.bytes(bench.folder.path.appending("fields.h"))
            let run = CommandRun(["generate-header", "--registry", bench.scratch.path.string], isTerminal: true)
            #expect(run.exitCode == 0 && run.bytes == bytes, "\(run.errors)")
            #expect(CommandRun(["generate-header", "--registry", "/sys/fs/bpf/no-such"]).exitCode == 66)

            var entry = try bench.registry.fieldsMap.slot(2)
            entry.replaceSubrange(8..<40, with: [UInt8](repeating: 0x78, count: 32))  // a name without an end
            try bench.registry.fieldsMap.setSlot(2, entry)
            let damaged = CommandRun(["generate-header", "--registry", bench.scratch.path.string])
            #expect(damaged.exitCode == 65 && damaged.bytes == [])
        }
    }
}
