// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// The programs of bpf/bench: all load, all their calls succeed, and what they set lies where the encoding says.
@Suite(Kernel.required) struct BenchEncodingTests {
    enum Object: String, CaseIterable, Sendable {
        case hardStruct = "struct"
        case bound
        case boundCounted = "bound_counted"
        case dynamic
        case dynamicCounted = "dynamic_counted"
        case keyValue = "keyvalue"
        case keyValueFixed = "keyvalue_fixed"
        case tlv, flow

        var hasRegistry: Bool { [.bound, .boundCounted, .dynamic, .dynamicCounted].contains(self) }
    }

    static let variants = Object.allCases.flatMap { object in Fixture.Compiler.usual.map { (object, $0) } }
    static let counts = [1, 3, 8, 16, 31]
    private static let pass: UInt32 = 2
    private static let packet = EncodingTests.Variant.udpPacket

    /// A registry with the fields of the programs.
    final class RegisteredFields {
        static let capacity = 216
        private let scratch = ScratchRegistry()
        let registry: Registry

        init() throws {
            registry = try Registry.openOrCreate(at: scratch.path, capacity: Self.capacity)
            for number in 1...31 {
                let type: FieldType = [1: .u8, 2: .u16, 4: .u32, 8: .u64][BenchFields.size(number)]!
                _ = try registry.register(FieldDefinition(name: FieldName("f\(number)"), type: type))
            }
        }
    }

    /// Loads programs of one object, with the registry or the map that they share.
    final class Bench {
        private let object: Object
        private let compiler: Fixture.Compiler
        private let fields: RegisteredFields?
        private let flows: MapBox?

        init(_ object: Object, _ compiler: Fixture.Compiler) throws {
            self.object = object
            self.compiler = compiler
            fields = object.hasRegistry ? try RegisteredFields() : nil
            if object == .flow {
                let own = try BPFObject(bytes: Fixture.bytes(Fixture.bench("flow", compiler)), name: "bench")
                _ = try own.load(only: "pass")
                flows = MapBox(try own.map("flow_map"))
            } else {
                flows = nil
            }
        }

        var programs: [BPFObject.ProgramDescription] {
            get throws {
                try BPFObject(bytes: Fixture.bytes(Fixture.bench(object.rawValue, compiler)), name: "bench").programs
            }
        }

        /// The program, and the counts of live_get.
        func load(_ name: String) throws -> (program: ProgramBox, counts: MapBox) {
            let path = Fixture.bench(object.rawValue, compiler)
            if let registry = fields {
                let loader = try ProgramLoader(
                    ObjectFile(path: path), image: registry.registry.image(), isStrict: true, isRenewed: false)
                let terms = ProgramLoader.Terms(
                    constants: ["bench_capacity": ContractScript.little(UInt32(RegisteredFields.capacity))])
                let hook: Hook = name == "live_get" ? .tcIngress : .xdp
                let loaded = try loader.load(loader.inspect(name, for: hook), in: registry.registry, terms)
                return (
                    ProgramBox(try BPFProgram(id: loaded.program.id)), MapBox(try loaded.object.map("bench_counts"))
                )
            }
            let own = try BPFObject(bytes: Fixture.bytes(path), name: "bench")
            if let flows { try own.reuse(flows.map, as: "flow_map") }
            return (ProgramBox(try own.load(only: name)), MapBox(try own.map("bench_counts")))
        }

        func run(_ name: String, area: [UInt8] = []) throws -> (verdict: UInt32, area: [UInt8]) {
            let run = try load(name).program.program.testRunXDP(packet: BenchEncodingTests.packet, metadata: area)
            return (run.verdict, Array(run.packet.prefix(run.metadataSize)))
        }

        /// What fill_N must leave in the packet.
        func filled(_ expected: BenchFields) throws -> [UInt8] {
            switch object {
            case .hardStruct: return expected.structArea
            case .keyValue: return expected.keyValueArea { 2 * $0 - 1 }
            case .keyValueFixed: return expected.keyValueArea { $0 - 1 }
            case .tlv: return expected.tlvArea
            case .flow: return []
            case .bound, .boundCounted, .dynamic, .dynamicCounted:
                let image = try fields!.registry.image()
                var slots: [Int] = []
                var offsets: [Int: Int] = [:]
                for field in image.fields {
                    guard let number = Int(field.name.text.dropFirst()), number <= expected.count else { continue }
                    slots.append(field.slot)
                    offsets[number] = field.layout.offset
                }
                return try expected.place(in: fields!.registry.area(set: slots)) { offsets[$0]! }
            }
        }
    }

    @Test(arguments: variants)
    func whatFillSetsIsWhatGetExpects(object: Object, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(object, compiler)
            for count in Self.counts {
                let filled = try bench.run("fill_\(count)")
                #expect(filled.verdict == Self.pass, "fill_\(count)")
                #expect(try filled.area == bench.filled(BenchFields(count: count)), "fill_\(count)")
                let got = try bench.run("get_\(count)", area: filled.area)
                #expect(got.verdict == Self.pass, "get_\(count)")
                #expect(got.area == filled.area, "get_\(count)")
                guard count == 31, object != .flow else { continue }
                var other = filled.area
                other[object == .hardStruct ? 8 : 20] ^= 0x40  // a value, whatever the encoding
                #expect(try bench.run("get_31", area: other).verdict != Self.pass)
            }
        }
    }

    @Test(arguments: variants)
    func allCallsOfAllProgramsSucceed(object: Object, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(object, compiler)
            let programs = try bench.programs
            let names = Set(programs.map(\.name))
            let expected =
                Self.counts.flatMap { ["set_\($0)", "get_\($0)", "empty_\($0)", "fill_\($0)"] }
                + Self.counts.dropFirst().map { "set_back_\($0)" }
                + ["empty", "open", "make_3", "make_none", "find_3", "pass", "live_set", "live_get"]
            #expect(names == Set(expected))
            for program in programs where !program.name.hasPrefix("get_") {
                guard program.section.place == .xdp else {
                    _ = try bench.load(program.name)
                    continue
                }
                #expect(program.section.takesFragments)
                let run = try bench.run(program.name)
                #expect(run.verdict == Self.pass, "\(program.name)")
                let leavesNothing =
                    object == .flow || ["make_3", "make_none", "pass"].contains(program.name)
                    || program.name.hasPrefix("empty")
                #expect(run.area.isEmpty == leavesNothing, "\(program.name)")
                guard program.name == "open" else { continue }
                let found = try bench.run("find_3", area: run.area)
                #expect(found.verdict == Self.pass)
                #expect(found.area.count == run.area.count)
            }
        }
    }

    /// In whichever order fields are set, the area is the same where the encoding has an order of its own.
    @Test(arguments: variants.filter { $0.0 != .tlv && $0.0 != .flow })
    func theOrderOfSetsDoesNotMatter(object: Object, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(object, compiler)
            for count in Self.counts.dropFirst() {
                let (ahead, back) = try (bench.run("set_\(count)"), bench.run("set_back_\(count)"))
                #expect(ahead.area == back.area && !ahead.area.isEmpty, "\(count) fields")
            }
        }
    }

    @Test(arguments: variants)
    func whatXDPSetsIsGotAtTC(object: Object, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(object, compiler)
            let set = try bench.load("live_set").program
            let (get, counts) = try bench.load("live_get")
            let pair = try VethPair()
            let links = try pair.inReceiver {
                let ifindex = try NetworkInterface(named: VethPair.far).index
                return [
                    LinkBox(try BPFLink.xdp(set.program, ifindex: ifindex, mode: .native)),
                    LinkBox(try BPFLink.tcx(get.program, ifindex: ifindex, .ingress)),
                ]
            }
            try pair.send(10)
            #expect(try eventually { try counts.total(0) >= 10 })
            // Whatever else came along is counted too, and flows are of UDP.
            #expect(try counts.total(1) >= 10)
            withExtendedLifetime(links) {}
        }
    }
}

/// A per-CPU array of numbers.
extension MapBox {
    fileprivate func total(_ index: Int) throws -> UInt64 {
        try map.values(at: index).reduce(0) { total, value in
            total + (0..<8).reduce(0) { $0 | UInt64(value[$1]) << (8 * UInt64($1)) }
        }
    }
}
