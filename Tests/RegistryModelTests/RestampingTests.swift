// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

/// Serial numbers tell 2^15 generations apart; fields live for longer than that.
@Suite("Restamping")
struct RestampingTests {
    @Test(arguments: [UInt16(1), 65_500])
    func aFieldStaysReadableFor70_000Bumps(start: UInt16) throws {
        var image = RegistryImage(capacity: 32, generation: start)
        let kept = try image.register("kept", .u32)
        // A tombstone that stays: its slot has no epoch left.
        image[2].layout = tombstone(12..<16, epoch: 65_535, generation: start)
        image[2].lastEpoch = 65_535
        let other = try image.register("other", .u16)
        try #require(kept.slot == 1 && other.slot == 3)

        for bump in 1...70_000 {
            // As if registered anew, which takes the most time of this test and changes no generation.
            image[3].layout = other.layout.with(generation: image.word.generation)
            for step in image.unregistering(other) {
                image = image.applying(step)
                try #require(isReadable(image[1].layout, in: image), "bump \(bump): \(image[1].layout)")
                try #require(isPassed(image[2].layout, in: image), "bump \(bump): \(image[2].layout)")
            }
            try #require(image.word.generation == Generation(start).advanced(by: bump))
            try #require(image.word.pending == image.word.generation)
            if bump.isMultiple(of: 1_000) {
                #expect(image.recovery().isEmpty && image.problems.isEmpty && image.forbiddenBytes.isEmpty)
                #expect(image.fields.map(\.id) == [kept.id])
                #expect(image.fields.map(\.layout.offset) == [kept.layout.offset])
                #expect(LayoutAllocator(image: image).holes == [12..<24])
            }
        }
    }

    /// By a packet made now, and by one made while the last change was under way.
    private func isReadable(_ layout: LayoutWord, in image: RegistryImage) -> Bool {
        layout.isLive && !image.word.generation.isOlder(than: layout.generation)
            && layout.generation.lag(behind: image.word.pending) < 1 << 15
    }

    private func isPassed(_ layout: LayoutWord, in image: RegistryImage) -> Bool {
        layout.isTombstone && !image.isOccupied(layout) && layout.generation.lag(behind: image.word.pending) < 1 << 15
    }

    @Test(arguments: [
        (UInt16(16_384), false), (16_385, true), (20_000, true), (32_767, true), (16_000, false), (1, false),
        (0, false),
    ])
    func onlyWhatLagsFarBehindIsRestamped(lag: UInt16, isRestamped: Bool) throws {
        // The lag is counted from the generation that the change brings.
        let (generation, next) = (UInt16(9_999), Generation(10_000))
        var image = RegistryImage(generation: generation)
        for name in ["old", "gone", "young"] { try image.register(name, .u32) }
        let old = Generation(10_000 &- lag)
        image[1].layout = image[1].layout.with(generation: old)
        image[4].layout = tombstone(20..<24, generation: old.number)
        let steps = image.unregistering(try #require(image.fields.first { $0.name.text == "gone" }))
        let restamps = steps.compactMap { step in
            if case .publish(let slot, let layout) = step, slot != 2 { (slot, layout) } else { nil }
        }
        #expect(restamps.map(\.0) == (isRestamped ? [1, 4] : []))
        for (slot, layout) in restamps {
            #expect(layout == image[slot].layout.with(generation: next.advanced(by: -8_192)))
        }
        let grace = try #require(steps.firstIndex(of: .gracePeriod))
        let stored = steps[grace...].contains { if case .publish = $0 { true } else { false } }
        #expect(!stored, "each layout word is stored before the grace period")
        #expect(image.applying(steps).recovery().isEmpty)
    }
}
