// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

private let noEntry: Int32 = -2
private let fault: Int32 = -14
private let busy: Int32 = -16
private let invalid: Int32 = -22
private let noSpace: Int32 = -28

/// The encodings of bpf/encodings keep pktmeta's contract as far as it applies to them.
@Suite(Kernel.required) struct EncodingTests {
    enum Encoding: String, CaseIterable, Sendable {
        case hardStruct = "struct"
        case keyValue = "keyvalue"
        case tlv
        case flowMap = "flow_map"

        /// Whether a packet says which of its values are set, and how large they are.
        var knowsValues: Bool { self != .hardStruct }
        var knowsSizes: Bool { self == .keyValue || self == .tlv }
        /// The first key that there is not.
        var keys: UInt32 { [.hardStruct: 8, .keyValue: 64, .tlv: 256, .flowMap: 32][self]! }
    }

    struct Variant: Sendable {
        let encoding: Encoding
        let hook: ContractTests.Hook
        let compiler: Fixture.Compiler

        func harness() throws -> any ContractHarness {
            switch hook {
            case .xdp: try XDPHarness(encoding: encoding.rawValue, compiler, packet: Self.udpPacket)
            case .tc: try TCHarness(encoding: encoding.rawValue, compiler)
            }
        }

        /// Ethernet, IPv4, UDP: what the flow map looks at.
        static let udpPacket: [UInt8] =
            [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]
            + [0x45, 0, 0, 50, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]
            + [0x12, 0x83, 0x12, 0x83, 0, 30, 0, 0] + [UInt8](repeating: 0x55, count: 22)
    }

    static let variants = Encoding.allCases.flatMap { encoding in
        ContractTests.Hook.allCases.flatMap { hook in
            Fixture.Compiler.usual.map { Variant(encoding: encoding, hook: hook, compiler: $0) }
        }
    }

    static let emptyArea = [UInt8](repeating: 0, count: 64)

    @Test(arguments: variants)
    func valuesOfEachSizeComeBack(variant: Variant) throws {
        try Kernel.run {
            let harness = try variant.harness()
            for (key, size) in [(1, 1), (2, 2), (3, 4), (5, 8)] as [(UInt32, Int)] {
                let value = (1...size).map { UInt8($0 * 7) }
                let outcome = try harness.run(
                    area: Self.emptyArea, [.get(key, size), .set(key, value), .get(key, size), .get(key + 1, size)])
                #expect(outcome.opened == 0)
                let unset = variant.encoding.knowsValues ? noEntry : 0
                #expect(outcome.errnos == [unset, 0, 0, unset], "size \(size)")
                #expect(outcome.results[2].value == value, "size \(size)")
            }
        }
    }

    @Test(arguments: variants)
    func settingAgainOverwrites(variant: Variant) throws {
        try Kernel.run {
            let outcome = try variant.harness().run(
                area: Self.emptyArea,
                [.set(3, [1, 2, 3, 4]), .set(4, [5, 6, 7, 8]), .set(3, [9, 10, 11, 12]), .get(4, 4)])
            #expect(outcome.errnos == [0, 0, 0, 0])
            #expect(outcome.results[3].value == [5, 6, 7, 8])
            let again = try variant.harness().run(
                area: Self.emptyArea, [.set(3, [1, 2, 3, 4]), .set(3, [9, 10, 11, 12]), .get(3, 4)])
            #expect(again.errnos == [0, 0, 0])
            #expect(again.results[2].value == [9, 10, 11, 12])
        }
    }

    @Test(arguments: variants)
    func wrongSizesAreEINVAL(variant: Variant) throws {
        try Kernel.run {
            let harness = try variant.harness()
            let never = try harness.run(
                area: Self.emptyArea, [.set(1, [1, 2, 3]), .get(1, 3), .get(1, 16), .set(1, Array(1...16))])
            #expect(never.errnos == [invalid, invalid, invalid, invalid])
            guard variant.encoding.knowsSizes else { return }
            let other = try harness.run(
                area: Self.emptyArea, [.set(1, [1, 2, 3, 4]), .set(1, [1, 2]), .get(1, 8), .get(1, 4)])
            #expect(other.errnos == [0, invalid, invalid, 0])
            #expect(other.results[3].value == [1, 2, 3, 4])
        }
    }

    @Test(arguments: variants.filter { $0.encoding != .hardStruct })
    func unknownKeysAreNoEntry(variant: Variant) throws {
        try Kernel.run {
            let keys = variant.encoding.keys
            let outcome = try variant.harness().run(
                area: Self.emptyArea, [.set(keys, [1, 2]), .get(keys, 2), .set(keys - 1, [3, 4]), .get(keys - 1, 2)])
            #expect(outcome.errnos == [noEntry, noEntry, 0, 0])
            #expect(outcome.results[3].value == [3, 4])
        }
    }

    @Test(arguments: variants.filter { $0.hook == .tc && $0.encoding != .flowMap })
    func withoutAnAreaCallsAreEFAULT(variant: Variant) throws {
        try Kernel.run {
            let outcome = try variant.harness().run(area: [], [.get(1, 2), .set(1, [1, 2])])
            #expect(outcome.opened == fault)
            #expect(outcome.errnos == [fault, fault])
        }
    }

    @Test(arguments: variants.filter { $0.hook == .xdp && $0.encoding != .flowMap })
    func openInXDPMakesAZeroedArea(variant: Variant) throws {
        try Kernel.run {
            let outcome = try variant.harness().run(area: [], [.get(1, 2)])
            #expect(outcome.opened == 0)
            #expect(outcome.area == Self.emptyArea)
        }
    }

    @Test(arguments: [Encoding.hardStruct, .keyValue])
    func metadataThatIsTooShortIsKept(encoding: Encoding) throws {
        try Kernel.run {
            let harness = try XDPHarness(encoding: encoding.rawValue, .swift, packet: Variant.udpPacket)
            let outcome = try harness.run(area: [1, 2, 3, 4], [.set(1, [1, 2]), .get(1, 2)])
            #expect(outcome.opened == busy)
            #expect(outcome.errnos == [fault, fault])
            #expect(outcome.area == [1, 2, 3, 4])
        }
    }

    @Test(arguments: Fixture.Compiler.usual)
    func flowsAreToldApart(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let harness = try XDPHarness(encoding: "flow_map", compiler, packet: Variant.udpPacket)
            #expect(try harness.run(area: [], [.set(1, [1, 2])]).errnos == [0])
            let again = try harness.run(area: [], [.get(1, 2)])
            #expect(again.errnos == [0])
            #expect(again.results[0].value == [1, 2])
            for number in 1..<Self.flowsInTheMap {
                harness.packet[37] = UInt8(number)  // the destination port's last byte
                #expect(try harness.run(area: [], [.get(1, 2)]).errnos == [noEntry])
            }
            harness.packet[37] = UInt8(Self.flowsInTheMap)
            #expect(try harness.run(area: [], []).opened == noSpace)
            harness.packet = [UInt8](repeating: 0x55, count: 64)
            let other = try harness.run(area: [], [.get(1, 2), .set(1, [1, 2])])
            #expect(other.opened == fault)
            #expect(other.errnos == [fault, fault])
        }
    }

    /// FLOW_MAP_FLOWS of Tests/Programs/encoding_flow_map.bpf.c.
    private static let flowsInTheMap = 8

    @Test(arguments: Fixture.Compiler.usual)
    func fullTLVAreasStayAsTheyAre(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let harness = try XDPHarness(encoding: "tlv", compiler, packet: Variant.udpPacket)
            let long = [UInt8](1...8)
            let full = try harness.run(
                area: [UInt8](repeating: 0, count: 24), [.set(1, long), .set(2, long), .set(3, [1]), .get(2, 8)])
            #expect(full.errnos == [0, 0, noSpace, 0])
            let header = ContractScript.little(UInt32(20))
            let entries: [[UInt8]] = [[1, 8], long, [2, 8], long]
            #expect(full.area == header + entries.joined())
            // Entries that lead out of the area.
            let damaged = try harness.run(area: header + [1, 200] + [UInt8](repeating: 0, count: 18), [.get(2, 8)])
            #expect(damaged.results[0].errno != 0)
        }
    }
}

/// The key/value encoding against a dictionary.
@Suite(Kernel.required) struct KeyValueEncodingTests {
    struct Run: Sendable {
        let seed: UInt64
        let capacity: Int
        let compiler: Fixture.Compiler
    }

    static let runs = Fixture.Compiler.usual.flatMap { compiler in
        [32, 64, 128, 216].flatMap { capacity in
            (1...4).map { Run(seed: $0, capacity: capacity, compiler: compiler) }
        }
    }

    @Test(arguments: runs)
    func keysInAnyOrderGiveTheBytesOfTheModel(run: Run) throws {
        try Kernel.run {
            let harness = try XDPHarness(
                encoding: "keyvalue", run.compiler, packet: EncodingTests.Variant.udpPacket)
            var random = SeededNumbers(seed: run.seed)
            var model = KeyValueModel()
            var area = [UInt8](repeating: 0, count: run.capacity)
            var refused = 0
            // Each key twice, so that many are there already.
            for key in (Array(0..<64) + Array(0..<64)).shuffled(using: &random) {
                let size = [1, 2, 4, 8].randomElement(using: &random)!
                let value = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
                let expected: Int32
                if let old = model.values[key] {
                    expected = old.count == KeyValueModel.room(size) ? 0 : invalid
                } else {
                    expected = model.size + KeyValueModel.room(size) <= run.capacity ? 0 : noSpace
                }
                if expected == 0 { model.set(key, value) }
                if expected == noSpace { refused += 1 }
                let outcome = try harness.run(
                    area: area, [.set(UInt32(key), value), .get(UInt32(key), size)])
                try #require(outcome.results[0].errno == expected, "key \(key), \(size) bytes")
                try #require(outcome.area == model.area(of: run.capacity), "key \(key), \(size) bytes")
                if expected == 0 { #expect(outcome.results[1].value == value) }
                area = outcome.area
            }
            #expect(refused > 0)
            for key in 0..<64 {
                guard let value = model.values[key] else { continue }
                let outcome = try harness.run(area: area, [.get(UInt32(key), value.count)])
                #expect(outcome.results == [ContractScript.Result(errno: 0, value: value)])
            }
        }
    }

    /// Constant keys have shorter ways to count, by how many keys are before them.
    @Test(arguments: Fixture.Compiler.usual)
    func offsetsOfAllKeysAreThoseOfTheModel(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("keyvalue_offsets", compiler)), name: "kv")
            let program = try object.load(only: "compute")
            let map = try object.map("offsets")
            var random = SeededNumbers(seed: 11)
            for round in 0..<200 {
                var model = KeyValueModel()
                for key in Array(0..<64).shuffled(using: &random).prefix(round % 65) {
                    let size = [2, 4, 8].randomElement(using: &random)!
                    if model.size + size <= 216 { model.set(key, [UInt8](repeating: 0, count: size)) }
                }
                let header = Array(model.area(of: 216).prefix(16))
                try map.update(at: 0, header + [UInt8](repeating: 0xff, count: 2 * 64 * 4))
                _ = try program.testRunXDP(packet: EncodingTests.Variant.udpPacket)
                let offsets = (0..<64).flatMap { ContractScript.little(UInt32(model.offset(of: $0))) }
                #expect(try map.values(at: 0)[0] == header + offsets + offsets, "round \(round)")
            }
        }
    }

    /// An area that is not one of ours leads nowhere outside it.
    @Test(arguments: Fixture.Compiler.usual)
    func garbageIsNotReadOutsideTheArea(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let harness = try XDPHarness(encoding: "keyvalue", compiler, packet: EncodingTests.Variant.udpPacket)
            var random = SeededNumbers(seed: 12)
            for _ in 0..<200 {
                let area = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
                let key = UInt32.random(in: 0..<64, using: &random)
                let outcome = try harness.run(
                    area: area, [.get(key, 8), .set(key, [1, 2, 3, 4]), .set(key ^ 1, [5, 6]), .get(key, 4)])
                #expect(outcome.opened == 0)
                #expect(outcome.errnos.allSatisfy { [0, noEntry, fault, invalid, noSpace].contains($0) })
                #expect(outcome.packet == EncodingTests.Variant.udpPacket)
            }
        }
    }
}
