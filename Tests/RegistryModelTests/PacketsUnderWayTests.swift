// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

/// "No call ever returns another field's bytes": packets and slow programs against each step of random changes.
@Suite("Packets under way")
struct PacketsUnderWayTests {
    /// A packet's area, with the id of the field that was set in place of its bytes.
    struct Packet {
        let generation: Generation
        var bits: [Int: FieldID] = [:]
        var bytes: [Int: FieldID] = [:]

        mutating func set(_ slot: Int, _ layout: LayoutWord) {
            guard layout.isLive, !generation.isOlder(than: layout.generation) else { return }
            let id = FieldID(slot: slot, epoch: layout.epoch)
            bits[slot] = id
            for byte in layout.offset..<layout.offset + layout.size { bytes[byte] = id }
        }

        /// What a get of the field would return that is not its own.
        func foreign(_ slot: Int, _ layout: LayoutWord) -> FieldID? {
            guard layout.isLive, !generation.isOlder(than: layout.generation), let setter = bits[slot] else {
                return nil
            }
            let id = FieldID(slot: slot, epoch: layout.epoch)
            if setter != id { return setter }
            return (layout.offset..<layout.offset + layout.size).lazy.compactMap { bytes[$0] }.first { $0 != id }
        }
    }

    @Test(arguments: [(UInt64(11), UInt16(100), 32), (12, 65_500, 32), (13, 32_700, 64)])
    func noFieldReadsAnothersBytes(seed: UInt64, generation: UInt16, capacity: Int) throws {
        var random = SplitMix64(seed: seed)
        var image = RegistryImage(capacity: capacity, generation: generation)
        var packets: [Packet] = []
        // Layouts that programs still running have read; none of them outlives a grace period.
        var slow: [[LayoutWord]] = []
        let types: [FieldType] = [.flag, .u8, .u16, .u32, .u64, .mac, .ipv6, .bytes(24)]
        var reads = 0

        for round in 0..<600 {
            for step in try change(of: image, round: round, types: types, using: &random) {
                if step == .gracePeriod { slow.removeAll() }
                image = image.applying(step)
                slow.append(RegistryImage.fieldSlots.map { image[$0].layout })
                packets.append(Packet(generation: image.word.generation))
                if packets.count > 24 { packets.remove(at: .random(in: 0..<packets.count, using: &random)) }

                // Reads first: a set of the new field would cover up what the old one left.
                for index in packets.indices {
                    for slot in RegistryImage.fieldSlots where image[slot].layout.isLive {
                        let foreign = packets[index].foreign(slot, image[slot].layout)
                        try #require(foreign == nil, "round \(round), \(step): slot \(slot)")
                        reads += packets[index].bits[slot] == nil ? 0 : 1
                    }
                    for layouts in slow where Bool.random(using: &random) {
                        for slot in RegistryImage.fieldSlots where layouts[slot - 1].isLive {
                            packets[index].set(slot, layouts[slot - 1])
                        }
                    }
                }
            }
        }
        #expect(reads > 10_000)
    }

    /// Sometimes killed half-way, with the next process recovering first.
    private func change(
        of image: RegistryImage, round: Int, types: [FieldType], using random: inout SplitMix64
    ) throws -> [RegistryStep] {
        let recovery = image.recovery()
        if !recovery.isEmpty { return Array(recovery.prefix(.random(in: 1...recovery.count, using: &random))) }
        var steps: [RegistryStep] = []
        if let field = image.fields.randomElement(using: &random), Bool.random(using: &random) {
            steps = image.unregistering(field)
        } else {
            let asked = try define("field\(round)", types.randomElement(using: &random)!)
            do throws(PacketMetadataError) {
                steps = try image.registering(asked, now: 7).steps
            } catch {
                try #require(error.kind == .taken)
                return []
            }
        }
        let isKilled = Int.random(in: 0..<4, using: &random) == 0
        return isKilled ? Array(steps.prefix(.random(in: 0...steps.count, using: &random))) : steps
    }
}
