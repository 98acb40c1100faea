// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import Testing

@testable import RegistryModel

@Suite("Field states")
struct FieldStateTests {
    static func field(_ type: FieldType) throws -> RegisteredField {
        var image = RegistryImage(capacity: 128)
        return try image.register("tenant", type)
    }

    /// What one CPU counted.
    static func cpu(
        _ field: RegisteredField, last: (value: [UInt8], time: UInt64) = ([], 0), values: UInt64 = 0,
        range: ClosedRange<UInt64> = 0...0, _ change: (inout pktmeta_state) -> Void = { _ in }
    ) -> [UInt8] {
        var state = decode(FieldState.fresh(id: field.id), as: pktmeta_state.self)
        (state.values, state.last_time) = (values, last.time)
        (state.minimum, state.maximum) = (range.lowerBound, range.upperBound)
        encodeBytes(last.value, into: &state.last_value)
        change(&state)
        return encode(state)
    }

    @Test func aFreshStateHoldsTheIDAndNothingElse() throws {
        let field = try Self.field(.u32)
        let bytes = FieldState.fresh(id: field.id)
        #expect(bytes.count == FieldState.size)
        #expect(decode(bytes, as: UInt32.self) == field.id.rawValue)
        #expect(bytes.dropFirst(4).allSatisfy { $0 == 0 })
    }

    @Test func countsAreAddedUp() throws {
        let field = try Self.field(.u32)
        let one = Self.cpu(field) {
            ($0.set, $0.got, $0.not_set) = (1, 20, 300)
            $0.set_refused = (1, 0, 3, 0, 0, 0, 7)
            $0.get_refused.1 = 2
        }
        let two = Self.cpu(field) {
            ($0.set, $0.got, $0.not_set) = (4000, 50000, 600_000)
            $0.set_refused = (10, 20, 0, 40, 50, 60, 70)
            $0.get_refused.1 = 5
        }
        let state = FieldState(perCPU: [one, Self.cpu(field), two], field: field)
        #expect(state.set == 4001)
        #expect(state.got == 50020)
        #expect(state.notSet == 600_300)
        #expect(state.setRefused.nonzero.map(\.name) == Refusals.names)
        #expect(state.setRefused.nonzero.map(\.count) == [11, 20, 3, 40, 50, 60, 77])
        #expect(state.setRefused.total == 261)
        #expect(state.getRefused.nonzero.map(\.name) == ["EINVAL"])
        #expect(state.getRefused.total == 7)
    }

    @Test func withoutValuesThereIsNothingToShow() throws {
        let field = try Self.field(.u32)
        let cpus = [Self.cpu(field) { $0.set = 3 }, Self.cpu(field) { $0.histogram.1 = 5 }]
        let state = FieldState(perCPU: cpus, field: field)
        #expect(state.values == 0)
        #expect(state.last == nil)
        #expect(state.range == nil)
        #expect(state.histogram.isEmpty)
        #expect(state.set == 3)
        #expect(FieldState(perCPU: [], field: field) == FieldState(perCPU: [Self.cpu(field)], field: field))
    }

    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]])
    func theNewestValueIsTheLast(order: [Int]) throws {
        let field = try Self.field(.be32)
        let cpus = [
            Self.cpu(field, last: ([0, 0, 0, 1], 100), values: 5, range: 1...9),
            Self.cpu(field, last: ([0, 0, 1, 0], 300), values: 7, range: 4...256),
            Self.cpu(field, last: ([0, 0, 0, 7], 200), values: 1, range: 7...7),
        ]
        let state = FieldState(perCPU: order.map { cpus[$0] }, field: field)
        #expect(state.values == 13)
        #expect(state.last?.value.number == 256)
        #expect(state.last?.time == 300)
        #expect(state.range == 1...256)
    }

    /// A CPU without values has a minimum of 0 that no packet had.
    @Test(arguments: [true, false])
    func aCPUWithoutValuesDoesNotChangeTheRange(idleFirst: Bool) throws {
        let field = try Self.field(.u64)
        let busy = Self.cpu(field, last: ([UInt8](repeating: 0xff, count: 8), 1), values: 2, range: 40...(.max))
        let idle = Self.cpu(field, last: ([1], 999), range: 0...0)
        let state = FieldState(perCPU: idleFirst ? [idle, busy] : [busy, idle], field: field)
        #expect(state.range == 40...(.max))
        #expect(state.last?.time == 1)
        #expect(state.last?.value.description == "18446744073709551615")
    }

    @Test func histogramsAreAddedUp() throws {
        let field = try Self.field(.u64)
        let one = Self.cpu(field, values: 4, range: 0...5) { ($0.histogram.0, $0.histogram.3) = (1, 3) }
        let two = Self.cpu(field, values: 6, range: 4...(.max)) { ($0.histogram.3, $0.histogram.64) = (5, 1) }
        let state = FieldState(perCPU: [one, two], field: field)
        var expected = [UInt64](repeating: 0, count: 65)
        (expected[0], expected[3], expected[64]) = (1, 8, 1)
        #expect(state.histogram == expected)
    }

    /// What was counted for a field that was in the slot before, on a CPU that was not reset.
    @Test func countsOfAnotherIDAreNotThisFields() throws {
        let field = try Self.field(.u32)
        let mine = Self.cpu(field, last: ([5, 0, 0, 0], 10), values: 1, range: 5...5) {
            ($0.set, $0.histogram.3) = (2, 1)
        }
        let stale = Self.cpu(field, last: ([9, 9, 9, 9], 99), values: 1, range: 1...99) {
            $0.id = FieldID(slot: field.slot, epoch: field.layout.epoch + 1).rawValue
            ($0.set, $0.got, $0.not_set, $0.histogram.3) = (100, 100, 100, 100)
            ($0.set_refused.0, $0.get_refused.0) = (100, 100)
        }
        let state = FieldState(perCPU: [stale, mine, stale], field: field)
        #expect(state == FieldState(perCPU: [mine], field: field))
        #expect(state.set == 2)
        #expect(state.range == 5...5)
    }

    @Test(arguments: [FieldType.ipv4, .mac, .bytes(64), .flag])
    func onlyIntegersHaveARangeAndAHistogram(type: FieldType) throws {
        let field = try Self.field(type)
        let bytes = (0..<UInt8(type.size)).map { $0 + 1 }
        let cpu = Self.cpu(field, last: (bytes, 10), values: 4, range: 1...99) { $0.histogram.1 = 4 }
        let state = FieldState(perCPU: [cpu], field: field)
        #expect(state.values == 4)
        #expect(state.last?.value == FieldValue(type: type, bytes: bytes))
        #expect(state.range == nil)
        #expect(state.histogram.isEmpty)
    }

    /// A reader may come between two stores of a program.
    @Test func aRangeUpsideDownIsIgnored() throws {
        let field = try Self.field(.u32)
        let torn = Self.cpu(field, last: ([1, 0, 0, 0], 1), values: 1) { ($0.minimum, $0.maximum) = (9, 1) }
        #expect(FieldState(perCPU: [torn], field: field).range == nil)
    }

    @Test func areaStatesAreAddedUp() {
        var one = pktmeta_area_state()
        (one.made, one.found, one.stale, one.sequence) = (1, 20, 300, 9)
        one.refused = (0, 0, 1, 2, 3, 4, 0)
        var two = pktmeta_area_state()
        (two.made, two.found, two.stale) = (4000, 50000, 600_000)
        two.refused.5 = 10
        let state = AreaState(perCPU: [encode(one), encode(two)])
        #expect(state.made == 4001)
        #expect(state.found == 50020)
        #expect(state.stale == 600_300)
        #expect(state.refused.nonzero.map(\.name) == ["EFAULT", "ENOSPC", "EOPNOTSUPP", "EBUSY"])
        #expect(state.refused.nonzero.map(\.count) == [1, 2, 3, 14])
    }
}
