// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite struct AreaPartsTests {
    @Test func eachByteIsInOnePartWhateverTheRegistry() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<300 {
            var image = RegistryImage.empty(
                capacity: [32, 64, 128, 248].randomElement(using: &random) ?? 64, createdAt: 0, using: &random)
            for slot in RegistryImage.fieldSlots where Bool.random(using: &random) {
                image[slot].layout = LayoutWord(rawValue: .random(in: .min ... .max, using: &random))
            }
            let parts = image.areaParts
            #expect(parts.flatMap { Array($0.range) } == Array(0..<image.word.capacity))
        }
    }

    @Test func theUseOfEachByte() throws {
        var image = RegistryImage(capacity: 32, generation: 41)
        for (name, type) in [("a", FieldType.u32), ("b", .u64), ("f", .flag)] {
            image = image.applying(try image.registering(define(name, type), now: 0).steps)
        }
        #expect(describe(image) == ["0..<12 header", "12..<16 a", "16..<24 b", "24..<32 free"])
        // Unregistered, and the generation not yet bumped.
        image[2].layout = tombstone(16..<24, generation: 42)
        #expect(describe(image) == ["0..<12 header", "12..<16 a", "16..<24 released 2", "24..<32 free"])
        image[3].layout = live(30..<38, generation: 41)
        #expect(describe(image).suffix(2) == ["24..<30 free", "30..<32 damaged 3"])
    }

    private func describe(_ image: RegistryImage) -> [String] {
        image.areaParts.map { part in
            let use =
                switch part.use {
                case .header: "header"
                case .field(let field): field.name.text
                case .released(let slot): "released \(slot)"
                case .damaged(let slot): "damaged \(slot)"
                case .free: "free"
                }
            return "\(part.range) \(use)"
        }
    }
}
