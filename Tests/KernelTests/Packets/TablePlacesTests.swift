// SPDX-License-Identifier: BSD-2-Clause

import BPF
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// The prebuilt programs set and get fields where their table says, and look places up when the table does not hold.
@Suite(Kernel.required) struct TablePlacesTests {
    /// A field whose layout word, which only a look-up asks, can be made nobody's behind the programs' backs.
    final class Scene {
        let bench: PairTests.Bench
        let field: RegisteredField
        private let word: RegistryWord

        init(type: String = "u32", source: String = "constant:7") throws {
            bench = try PairTests.Bench(capacity: 128)
            field = try bench.register("tenant", type, source)
            word = try bench.registry.image().word
        }

        func store(_ value: UInt64, word: Int) throws {
            try MappedArray(bench.registry.fieldsMap).store(value, at: 0, word: word)
        }

        func hideLayout() throws {
            try store(LayoutWord.noField.rawValue, word: RegistryImage.layoutWord(field.slot))
        }

        func showLayout() throws { try store(field.layout.rawValue, word: RegistryImage.layoutWord(field.slot)) }

        func raiseRevision() throws {
            try store(try bench.registry.image().revision + 1, word: RegistryImage.revisionWord)
        }

        /// As if the layout had changed once, and no program knew.
        func raiseGeneration() throws { try store(word.advanced().rawValue, word: 0) }

        /// What ten more packets bring.
        func sendTen() throws -> (set: UInt64, got: UInt64, stale: UInt64) {
            func now() throws -> (FieldState, AreaState) {
                (try bench.registry.state(of: field), try bench.registry.areaState())
            }
            let before = try now()
            try bench.send(10)
            let after = try now()
            return (after.0.set - before.0.set, after.0.got - before.0.got, after.1.stale - before.1.stale)
        }
    }

    /// One of each size that programs move in another way.
    static let fields = [
        ("u8", "constant:7"), ("u16", "rx-queue"), ("u32", "constant:7"), ("u64", "sequence"), ("be16", "payload:36"),
        ("mac", "payload:6"), ("ipv6", "constant:2001:db8::7"), ("bytes:13", "payload:42"), ("bytes:64", "payload:42"),
        ("flag", "constant"),
    ]

    @Test(arguments: fields)
    func placesAreTheTablesWhileTheRevisionIs(type: String, source: String) throws {
        try Kernel.run {
            let scene = try Scene(type: type, source: source)
            #expect(try scene.sendTen() == (10, 10, 0))
            try scene.hideLayout()
            #expect(try scene.sendTen() == (10, 10, 0), "no program looks the place up")
            try scene.raiseRevision()
            #expect(try scene.sendTen() == (0, 0, 20), "both look it up, and find no field")
            let byTable = try scene.bench.registry.state(of: scene.field).last
            try scene.showLayout()
            #expect(try scene.sendTen() == (10, 10, 0), "both look it up")
            let byID = try scene.bench.registry.state(of: scene.field).last
            if !["sequence"].contains(source) { #expect(byTable?.value == byID?.value) }
        }
    }

    @Test func areasOfAnotherGenerationAreNotTheTables() throws {
        try Kernel.run {
            let scene = try Scene()
            #expect(try scene.sendTen() == (10, 10, 0))
            try scene.raiseGeneration()
            #expect(try scene.sendTen() == (10, 10, 0))
            try scene.hideLayout()
            #expect(try scene.sendTen() == (0, 0, 20))
        }
    }

    /// While a field is moving, and once it has moved, by the programs that are loaded in between.
    @Test func aFieldThatMovesIsSetAllTheTime() throws {
        try Kernel.run {
            let bench = try PairTests.Bench(capacity: 64)
            try bench.register("first", "u64", "constant:1")
            try bench.register("second", "u64", "constant:2")
            _ = try bench.registry.unregister(FieldName("first"))
            #expect(try bench.registry.compact().map(\.name.text) == ["second"])
            try bench.send(10)
            let moved = try #require(try bench.registry.image().field(named: FieldName("second")))
            #expect(try bench.registry.state(of: moved).got == 10)
            // The programs know the new place by themselves.
            try MappedArray(bench.registry.fieldsMap).store(
                LayoutWord.noField.rawValue, at: 0, word: RegistryImage.layoutWord(moved.slot))
            try bench.send(10)
            #expect(try bench.registry.state(of: moved).got == 20)
        }
    }

    /// Nor minimum and maximum, while packets pass that do not carry it; the consumer has seen the registry change.
    @Test func aSlotsNextFieldHasNoLastValueYet() throws {
        try Kernel.run {
            let bench = try PairTests.Bench(capacity: 64, statistics: .all, fields: [("before", "u32", "constant:777")])
            let before = try #require(try bench.registry.image().field(named: FieldName("before")))
            try bench.send(10)
            #expect(try bench.registry.state(of: before).last?.value.number == 777)
            _ = try bench.registry.unregister(before.name)
            let next = try bench.register("next", "u32", "none")
            #expect(next.slot == before.slot, "the test needs the slot of the first field")
            try bench.send(10)
            let state = try bench.registry.state(of: next)
            #expect(state.notSet == 10 && state.got == 0 && state.set == 0)
            #expect(state.last == nil && state.range == nil && state.histogram.isEmpty, "\(state)")
        }
    }

    /// A packet without an area has none of the fields, however many there are.
    @Test func packetsWithoutAnAreaAreCountedForEachField() throws {
        try Kernel.run {
            let bench = try PairTests.Bench(
                capacity: 64, xdp: .unchanged, fields: [("one", "u32", "none"), ("two", "flag", "none")])
            try bench.pair.send(10)
            let refused = try eventually {
                try ["one", "two"].allSatisfy { try bench.state($0).getRefused.nonzero.map(\.count) == [10] }
            }
            #expect(refused)
        }
    }
}
