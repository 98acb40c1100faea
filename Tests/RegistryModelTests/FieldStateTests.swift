// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import SystemPackage
import TestSupport
import Testing

@testable import RegistryModel

@Suite("Field states")
struct FieldStateTests {
    static func field(_ type: FieldType, capacity: Int = 128) throws -> RegisteredField {
        var image = RegistryImage(capacity: capacity)
        try image.register("first", .u8)
        return try image.register("tenant", type)
    }

    static func cpu(_ change: (inout CountedCPU) -> Void) -> CountedCPU {
        var cpu = CountedCPU()
        change(&cpu)
        return cpu
    }

    static func state(_ field: RegisteredField, _ cpus: CountedCPU...) -> FieldState {
        FieldState(StateImage(perCPU: cpus.map(\.bytes)), field)
    }

    @Test func countsAreAddedUp() throws {
        let field = try Self.field(.u32)
        let one = Self.cpu {
            for counter in 0..<PKTMETA_COUNTERS.rawValue {
                $0[pktmeta_counter(counter), field.slot] = 1 << UInt64(counter)
            }
        }
        let two = Self.cpu {
            for counter in 0..<PKTMETA_COUNTERS.rawValue {
                $0[pktmeta_counter(counter), field.slot] = 1 << UInt64(20 + counter)
                $0[pktmeta_counter(counter), field.slot - 1] = 1 << 50  // the neighbours'
                $0[pktmeta_counter(counter), field.slot + 1] = 1 << 50
            }
        }
        let state = Self.state(field, one, CountedCPU(), two)
        func both(_ counter: pktmeta_counter) -> UInt64 { (1 << 20 + 1) << UInt64(counter.rawValue) }
        #expect(state.set == both(PKTMETA_COUNTER_SET))
        #expect(state.got == both(PKTMETA_COUNTER_GOT))
        #expect(state.notSet == both(PKTMETA_COUNTER_NOT_SET))
        #expect(state.sunk == both(PKTMETA_COUNTER_SUNK))
        #expect(state.notSunk == both(PKTMETA_COUNTER_NOT_SUNK))
        #expect(state.setRefused.nonzero.map(\.name) == ["EINVAL", "EFAULT", "EBUSY"])
        #expect(
            state.setRefused.nonzero.map(\.count)
                == [PKTMETA_COUNTER_SET_EINVAL, PKTMETA_COUNTER_SET_EFAULT, PKTMETA_COUNTER_SET_EBUSY].map(both))
        #expect(state.getRefused.nonzero.map(\.name) == ["EINVAL", "EFAULT"])
        #expect(state.getRefused.total == both(PKTMETA_COUNTER_GET_EINVAL) + both(PKTMETA_COUNTER_GET_EFAULT))
    }

    /// Counters never go back; what they were when the field was registered is not the field's.
    @Test func whatWasCountedBeforeIsNotTheFields() throws {
        var image = RegistryImage(capacity: 64)
        let before = FieldCounters((1...UInt64(PKTMETA_COUNTERS.rawValue)).map { 100 * $0 })
        let (steps, field) = try image.registering(define("tenant", .u32), now: 1) { slot in
            #expect(slot == 1)
            return before
        }
        let cpus = [
            Self.cpu { $0[PKTMETA_COUNTER_SET, 1] = 60 }, Self.cpu { $0[PKTMETA_COUNTER_SET, 1] = 47 },
        ]
        #expect(Self.state(field, cpus[0], cpus[1]).set == 7)
        // Also as the registry tells it.
        image = try RegistryImage(bytes: image.applying(steps).bytes, path: "/r")
        let read = try #require(image.fields.first)
        #expect(read == field)
        #expect(Self.state(read, cpus[0], cpus[1]).set == 7)
    }

    @Test func withoutValuesThereIsNothingToShow() throws {
        let field = try Self.field(.u32)
        let state = Self.state(
            field,
            Self.cpu {
                $0[PKTMETA_COUNTER_SET, field.slot] = 3
                // Of the field that was here before, though this one was got by others than the consumer.
                $0[PKTMETA_COUNTER_GOT, field.slot] = 5
                $0.setLast([1, 2, 3, 4], slot: field.slot, id: field.id.rawValue + 0x100, time: 77)
                $0.setStatistics(slot: field.slot, id: field.id.rawValue, values: 0, 0...0, histogram: [1: 5])
            })
        #expect(state.set == 3)
        #expect(state.values == 0)
        #expect(state.last == nil)
        #expect(state.range == nil)
        #expect(state.histogram.isEmpty)
        #expect(Self.state(field) == Self.state(field, CountedCPU()))
    }

    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]])
    func theNewestValueIsTheLast(order: [Int]) throws {
        let field = try Self.field(.be32)
        let cpus = [([UInt8(0), 0, 0, 1], UInt64(100)), ([0, 0, 1, 0], 300), ([0, 0, 0, 7], 200)].map { value, time in
            Self.cpu {
                $0[PKTMETA_COUNTER_GOT, field.slot] = 1
                $0.setLast(value, slot: field.slot, id: field.id.rawValue, time: time)
            }
        }
        let state = Self.state(field, cpus[order[0]], cpus[order[1]], cpus[order[2]])
        #expect(state.got == 3)
        #expect(state.last?.value.number == 256)
        #expect(state.last?.time == 300)
    }

    /// The time of a packet is kept once for all fields that it carried.
    @Test(arguments: [false, true])
    func ofTheLastPacketsFieldsTheTimeIsThatPackets(isCarried: Bool) throws {
        let field = try Self.field(.u32)
        let busy = Self.cpu {
            $0[PKTMETA_COUNTER_GOT, field.slot] = 1
            $0.setLast([9, 0, 0, 0], slot: field.slot, id: field.id.rawValue, time: 100)
            $0[\.last_seen] = 900
            $0.setCarried(isCarried ? [field.slot] : [field.slot - 1, field.slot + 1])
        }
        let other = Self.cpu { $0.setLast([8, 0, 0, 0], slot: field.slot, id: field.id.rawValue, time: 500) }
        let state = Self.state(field, busy, other)
        #expect(state.last?.time == (isCarried ? 900 : 500))
        #expect(state.last?.value.number == (isCarried ? 9 : 8))
    }

    @Test(arguments: [FieldType.ipv4, .mac, .ipv6, .bytes(9), .bytes(64), .flag, .bytes(3), .bytes(8)])
    func lastValuesOfEachSize(type: FieldType) throws {
        let field = try Self.field(type)
        let bytes = (0..<UInt8(type.size)).map { $0 + 1 }
        let state = Self.state(
            field,
            Self.cpu {
                $0[PKTMETA_COUNTER_GOT, field.slot] = 1
                $0.setLast(bytes, slot: field.slot, id: field.id.rawValue, time: 10)
                $0.setStatistics(slot: field.slot, id: field.id.rawValue, values: 4, 1...99, histogram: [1: 4])
            })
        #expect(state.last?.value == FieldValue(type: type, bytes: bytes))
        // Only integers have statistics.
        #expect(state.values == 0)
        #expect(state.range == nil)
        #expect(state.histogram.isEmpty)
    }

    @Test func statisticsAreAddedUp() throws {
        let field = try Self.field(.u64)
        let id = field.id.rawValue
        let one = Self.cpu {
            $0.setStatistics(slot: field.slot, id: id, values: 4, 2...5, histogram: [2: 1, 3: 3])
        }
        let two = Self.cpu {
            $0.setStatistics(slot: field.slot, id: id, values: 6, 4...(.max), histogram: [3: 5, 64: 1])
        }
        // Of a CPU that has had no value of the field, and so still has those of the field before.
        let stale = Self.cpu {
            $0.setStatistics(slot: field.slot, id: id + 0x100, values: 1, 0...99, histogram: [3: 100])
        }
        let state = Self.state(field, stale, one, CountedCPU(), two)
        var expected = [UInt64](repeating: 0, count: 65)
        (expected[2], expected[3], expected[64]) = (1, 8, 1)
        #expect(state.values == 10)
        #expect(state.range == 2...(.max))
        #expect(state.histogram == expected)
    }

    @Test func areaStatesAreAddedUp() {
        let one = Self.cpu {
            $0[\.made] = 1
            $0[\.found] = 20
            $0[\.stale] = 300
            $0[\.sequence] = 9
            for refusal in 0..<PKTMETA_REFUSALS.rawValue { $0[pktmeta_refusal(refusal)] = UInt64(refusal) }
        }
        let two = Self.cpu {
            $0[\.made] = 4000
            $0[\.found] = 50000
            $0[\.stale] = 600_000
            $0[PKTMETA_REFUSED_EBUSY] = 10
        }
        let state = AreaState(StateImage(perCPU: [one.bytes, two.bytes]))
        #expect(state.made == 4001)
        #expect(state.found == 50020)
        #expect(state.stale == 600_300)
        #expect(state.refused.nonzero.map(\.name) == ["EFAULT", "ENOSPC", "EOPNOTSUPP", "EBUSY", "other"])
        #expect(state.refused.nonzero.map(\.count) == [1, 2, 3, 14, 5])
    }

    @Test func statisticsHaveANumberInTheRegistry() throws {
        for statistics in Statistics.allCases {
            var image = RegistryImage(capacity: 64)
            let steps = image.takingStatistics(statistics)
            #expect(steps.isEmpty == (statistics == .sampled))
            image = image.applying(steps)
            #expect(image.revision == (steps.isEmpty ? 1 : 2))
            #expect(try RegistryImage(bytes: image.bytes, path: "/r").statistics == statistics)
        }
    }
}
