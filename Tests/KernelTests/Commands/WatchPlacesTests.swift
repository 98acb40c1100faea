// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PktmetaABI
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// The watcher copies a packet's area where it has the table's layout, and gets each field by id where it has not; the
/// reader is told the same, and woken in time.
@Suite(Kernel.required) struct WatchPlacesTests {
    typealias Bench = PairTests.Bench

    private static func values(_ packet: WatchedPacket) -> [String: String] {
        Dictionary(uniqueKeysWithValues: packet.fields.map { ($0.name.text, $0.value.description) })
    }

    private static func store(_ value: UInt64, word: Int, _ bench: Bench) throws {
        try MappedArray(bench.registry.fieldsMap).store(value, at: 0, word: word)
    }

    @Test(arguments: [nil, ["f3", "f16", "f18"], ["f0"], ["f19"], ["f12", "f15"]] as [[String]?])
    func valuesAreTheSameByPlaceAndByID(names: [String]?) throws {
        try Kernel.run {
            let extremes = InspectionTests.extremes
            let bench = try Bench(
                capacity: 216,
                fields: extremes.enumerated().map {
                    ("f\($0)", $1.type, "constant" + ($1.value.isEmpty ? "" : ":\($1.value)"))
                })
            let expected = extremes.enumerated().map { ("f\($0)", $1.text) }.filter { names?.contains($0.0) ?? true }
            let stream = try WatchTests.watch(bench) { $0.fields = try (names ?? []).map { try FieldName($0) } }
            try bench.send(1)
            let placed = try #require(try WatchTests.packets(stream).first)
            #expect(Self.values(placed) == Dictionary(uniqueKeysWithValues: expected))

            // A change that the table does not know of, and a field that a look-up does not find.
            let image = try bench.registry.image()
            let hidden = try #require(image.field(named: FieldName(expected[0].0)))
            try Self.store(image.revision + 1, word: RegistryImage.revisionWord, bench)
            try bench.send(1)
            try Self.store(LayoutWord.noField.rawValue, word: RegistryImage.layoutWord(hidden.slot), bench)
            try bench.send(1)
            try Self.store(hidden.layout.rawValue, word: RegistryImage.layoutWord(hidden.slot), bench)
            let packets = try WatchTests.packets(stream)
            #expect(packets.first.map(Self.values) == Dictionary(uniqueKeysWithValues: expected))
            let others = Dictionary(uniqueKeysWithValues: expected.dropFirst())
            #expect(packets.dropFirst().map(Self.values) == (others.isEmpty ? [] : [others]), "by id")
        }
    }

    /// Two fields may have one place while they move: one before, the other after.
    @Test func fieldsThatMoveHaveOffsetsOfTheirOwn() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("a", "u64", "none"), ("b", "ipv6", "none"), ("c", "u16", "none")])
            let image = try bench.registry.image()
            let header = MemoryLayout<pktmeta_event>.size
            let settled = WatchTable(number: 1, image, names: [])
            #expect(settled.words != 0)
            for (field, offset) in zip(settled.fields, settled.offsets) {
                #expect(offset + field.type.size <= settled.eventSize)
                let above = settled.words & (1 << UInt32(field.layout.offset / 8) - 1)
                #expect(offset == header + 8 * above.nonzeroBitCount + field.layout.offset % 8)
            }
            let last = try #require(image.field(named: FieldName("c")))
            let next = last.layout.with(generation: image.word.advanced().generation)
            try Self.store(next.rawValue, word: RegistryImage.layoutWord(last.slot), bench)
            let moving = WatchTable(number: 1, try bench.registry.image(), names: [])
            #expect(moving.words == 0)
            var taken: [Int] = []
            for (field, offset) in zip(moving.fields, moving.offsets) {
                taken += Array(offset..<offset + field.type.size)
            }
            #expect(Set(taken).count == taken.count && taken.allSatisfy { header..<moving.eventSize ~= $0 })
            try Self.store(last.layout.rawValue, word: RegistryImage.layoutWord(last.slot), bench)
        }
    }

    /// Packets for which the watcher wakes nobody, since it has just done so, are found all the same: also the last.
    @Test func noPacketWaitsForTheNext() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let stream = try WatchTests.watch(bench)
            let pair = bench.pair
            let sending = try WorkerThread {
                for _ in 0..<20 {
                    try? pair.send(2)
                    Pause.sleep(milliseconds: 2)  // until the reader has woken up, and read
                    try? pair.send(2)
                    Pause.sleep(milliseconds: 15)
                }
            }
            var seen = 0
            var waited = Duration.zero
            while seen < 80, waited < .seconds(10) {
                let start = ContinuousClock.now
                seen += try stream.read(within: .seconds(20)).count
                waited = .now - start
            }
            sending.join()
            #expect(seen == 80 && waited < .seconds(10), "none was found only as the time was over")
        }
    }

    /// A buffer that fills wakes the reader, however short it is since that was woken.
    @Test func wakesForABufferThatFills() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let size = 4096
            let stream = try WatchTests.watch(bench) { $0.bufferSize = size }
            try bench.send(200)
            let counts = try stream.countsByCPU()
            let record = WatchTable(number: 1, try bench.registry.image(), names: []).recordSize
            #expect(try stream.counts().written == UInt64(size / record), "the buffer is full")
            #expect(counts.contains { $0.woken != 0 })
            #expect(counts.allSatisfy { $0.unwoken < UInt64(size / record / 2) })
        }
    }
}
