// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Each row of the contract by bound access, for each hook and compiler.
@Suite(Kernel.required) struct BoundTests {
    enum Errno {
        static let noEntry: Int32 = -2
        static let fault: Int32 = -14
        static let busy: Int32 = -16
        static let invalid: Int32 = -22
    }

    /// Numbers of the fields in Tests/Programs/bound.bpf.h.
    enum Number {
        static let flag: UInt32 = 0
        static let byte: UInt32 = 1
        static let word: UInt32 = 2
        static let long: UInt32 = 3
        static let short: UInt32 = 4
        static let six: UInt32 = 5
        static let wide: UInt32 = 6
        static let absent: UInt32 = 7
        static let odd: UInt32 = 8
        static let sizes: [(number: UInt32, size: Int)] = [(1, 1), (2, 4), (3, 8), (4, 2), (5, 6), (6, 16)]
    }

    static let variants = [Hook.xdp, .tcIngress].flatMap { hook in Fixture.Compiler.allCases.map { (hook, $0) } }

    /// A registry with the fields, and programs bound to it as it is.
    final class Bench {
        let scratch = ScratchRegistry()
        let registry: Registry

        init(capacity: Int = 128) throws {
            registry = try Registry.openOrCreate(at: scratch.path, capacity: capacity)
            let fields: [(String, FieldType)] = [
                ("flag_field", .flag), ("byte_field", .u8), ("word_field", .u32), ("long_field", .u64),
                ("short_field", .u16), ("six_field", .mac), ("wide_field", .ipv6), ("odd_field", .bytes(7)),
            ]
            for (name, type) in fields { try register(name, type) }
        }

        @discardableResult
        func register(_ name: String, _ type: FieldType) throws -> RegisteredField {
            try registry.register(FieldDefinition(name: FieldName(name), type: type)).field
        }

        func load(_ object: String, _ compiler: Fixture.Compiler, _ hook: Hook) throws -> LoadedProgram {
            try ProgramLoader(
                ObjectFile(path: Fixture.object(object, compiler)), image: registry.image(), isStrict: false,
                isRenewed: false
            ).load(nil, for: hook, in: registry)
        }

        func harness(_ hook: Hook, _ compiler: Fixture.Compiler) throws -> any ContractHarness {
            switch hook {
            case .xdp: try XDPHarness(load("bound_xdp", compiler, .xdp))
            default: try TCHarness(load("bound_tc", compiler, .tcIngress), compiler)
            }
        }

        func area(generation delta: Int = 0, flipping bits: UInt64 = 0, set slots: [Int] = []) throws -> [UInt8] {
            try registry.area(generation: delta, flipping: bits, set: slots, filledWith: 0x77)
        }
    }

    @Test(arguments: variants)
    func valuesOfEachSizeComeBack(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(capacity: 64)
            let harness = try bench.harness(hook, compiler)
            for (number, size) in Number.sizes {
                let value = (1...size).map { UInt8($0 * 5) }
                let outcome = try harness.run(
                    area: bench.area(), [.get(number, size), .set(number, value), .get(number, size), .isSet(number)])
                #expect(outcome.opened == 0)
                #expect(outcome.errnos == [Errno.noEntry, 0, 0, 1], "field \(number)")
                #expect(outcome.results[2].value == value, "field \(number)")
            }
        }
    }

    @Test(arguments: variants)
    func flagsAndClearing(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(capacity: 64)
            let harness = try bench.harness(hook, compiler)
            let flag = try harness.run(
                area: bench.area(),
                [.isSet(Number.flag), .set(Number.flag, []), .isSet(Number.flag), .clear(Number.flag)])
            #expect(flag.errnos == [0, 0, 1, 0])
            let cleared = try harness.run(
                area: bench.area(),
                [.set(Number.word, [1, 2, 3, 4]), .set(Number.byte, [5]), .clear(Number.word), .get(Number.byte, 1)])
            #expect(cleared.errnos == [0, 0, 0, 0])
            #expect(cleared.results[3].value == [5])
        }
    }

    @Test(arguments: variants)
    func errorsComeInTheOrderOfTheContract(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(capacity: 64)
            let harness = try bench.harness(hook, compiler)
            let calls: [ContractScript.Call] = [
                .get(Number.absent, 4), .set(Number.odd, [1, 2]), .set(Number.word, [1, 2, 3, 4]), .get(Number.word, 4),
            ]
            let own = try harness.run(area: bench.area(), calls)
            #expect(own.opened == 0)
            #expect(own.errnos == [Errno.noEntry, Errno.invalid, 0, 0])
            for foreign in try [
                bench.area(flipping: 1), bench.area(flipping: 1 << 31), bench.area(flipping: 1 << 32),
                bench.area(flipping: 1 << 63), bench.area(generation: 1 << 16),
                [UInt8](repeating: 0, count: 64), [UInt8](repeating: 0xff, count: 64),
            ] {
                let outcome = try harness.run(area: foreign, calls)
                #expect(outcome.opened == (hook == .xdp ? Errno.busy : Errno.fault))
                #expect(outcome.errnos == [Errno.noEntry, Errno.invalid, Errno.fault, Errno.fault])
                if hook == .xdp { #expect(outcome.area == foreign) }
            }
        }
    }

    /// Outside the range of generations that the binding holds for, nothing is read or written.
    @Test(arguments: variants)
    func generationsOutsideTheBindingAreRefused(hook: Hook, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(capacity: 64)
            let harness = try bench.harness(hook, compiler)
            for delta in [-1, 1, 2, 1000, -1000, 32767, -32768] {
                let area = try bench.area(generation: delta, set: [3])
                let outcome = try harness.run(area: area, [.get(Number.word, 4), .set(Number.word, [1, 2, 3, 4])])
                #expect(outcome.opened == Errno.fault, "\(delta)")
                #expect(outcome.errnos == [Errno.fault, Errno.fault], "\(delta)")
                if hook == .xdp { #expect(outcome.area == area) }
            }
        }
    }

    @Test(arguments: Fixture.Compiler.allCases)
    func openMakesAZeroedArea(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            for capacity in [64, 128, 136, 216] {
                let bench = try Bench(capacity: capacity)
                let outcome = try bench.harness(.xdp, compiler).run(area: [], [.isSet(Number.word)])
                #expect(outcome.opened == 0)
                #expect(outcome.errnos == [0])
                #expect(try outcome.area == bench.registry.area())
            }
        }
    }

    /// A program that nobody binds anew must notice by itself that the registry has moved on.
    @Test func aBindingThatIsLeftBehindMakesNoArea() throws {
        try Kernel.run {
            let bench = try Bench()
            let harness = try bench.harness(.xdp, .swift)
            _ = try bench.registry.unregister(FieldName("byte_field"))
            let outcome = try harness.run(area: [], [.set(Number.word, [1, 2, 3, 4])])
            #expect(outcome.opened == Errno.fault)
            #expect(outcome.errnos == [Errno.fault])
            #expect(outcome.area == [])
        }
    }

    /// With PKTMETA_BOUND_LIVE each call asks the registry: what is still in place goes on, what has gone is -ENOENT.
    @Test(arguments: Fixture.Compiler.allCases)
    func liveBindingsOutliveChanges(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench()
            let harness = try XDPHarness(bench.load("bound_live_xdp", compiler, .xdp))
            let before = try bench.area(set: [2, 3])
            _ = try bench.registry.unregister(FieldName("byte_field"))
            let successor = try bench.register("successor", .u8)
            #expect(successor.slot == 2, "the test needs the same slot")
            let calls: [ContractScript.Call] = [
                .get(Number.word, 4), .get(Number.byte, 1), .set(Number.byte, [1]), .isSet(Number.byte),
            ]
            for area in try [before, bench.area(set: [2, 3])] {
                let outcome = try harness.run(area: area, calls)
                #expect(outcome.opened == 0)
                #expect(outcome.errnos == [0, Errno.noEntry, Errno.noEntry, Errno.noEntry])
            }
        }
    }

    @Test func typesOfTheKernelAreRelocatedToo() throws {
        try Kernel.run {
            let bench = try Bench()
            let field = try bench.register("shared", .u32)
            let loaded = try bench.load("bound_kernel_types", .swift, .xdp)
            let run = try loaded.program.testRunXDP(packet: [UInt8](repeating: 0, count: 64))
            let value = Array(run.packet[field.layout.offset..<field.layout.offset + 4])
            let offset = FieldValue(type: .u32, bytes: value).number ?? 0
            #expect((1..<10_000).contains(offset), "task_struct is large, and pid is not its first member")
        }
    }
}
