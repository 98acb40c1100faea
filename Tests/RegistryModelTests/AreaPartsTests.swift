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
            #expect(parts.last == AreaPart(range: image.word.capacity - 16..<image.word.capacity, use: .trailer))
        }
    }

    @Test func theUseOfEachByte() throws {
        var image = RegistryImage(capacity: 32, generation: 41)
        for (name, type) in [("a", FieldType.u16), ("b", .u32), ("f", .flag)] {
            image = image.applying(try image.registering(define(name, type), now: 0).steps)
        }
        #expect(describe(image) == ["0..<2 a", "2..<4 free", "4..<8 b", "8..<16 free", "16..<32 trailer"])
        // Unregistered, and the generation not yet bumped.
        image[2].layout = tombstone(4..<8, generation: 42)
        #expect(describe(image) == ["0..<2 a", "2..<4 free", "4..<8 released 2", "8..<16 free", "16..<32 trailer"])
        image[3].layout = live(14..<34, generation: 41)
        #expect(describe(image).suffix(3) == ["8..<14 free", "14..<16 damaged 3", "16..<32 trailer"])
    }

    @Test(arguments: [
        (14..<16, "f"), (14..<17, "damaged 1"), (14..<18, "damaged 1"), (14..<32, "damaged 1"), (14..<33, "damaged 1"),
        (16..<17, nil), (28..<32, nil), (28..<36, nil), (40..<48, nil),
    ])
    func theTrailerIsNeverAFields(bytes: Range<Int>, use: String?) throws {
        var image = RegistryImage(capacity: 32)
        image[1] = SlotImage(layout: live(bytes), definition: try define("f", .bytes(bytes.count)))
        let values = use.map { ["0..<14 free", "14..<16 \($0)"] } ?? ["0..<16 free"]
        #expect(describe(image) == values + ["16..<32 trailer"])
        #expect(image.fields.count == (use == "f" ? 1 : 0))
    }

    private func describe(_ image: RegistryImage) -> [String] {
        image.areaParts.map { part in
            let use =
                switch part.use {
                case .trailer: "trailer"
                case .field(let field): field.name.text
                case .released(let slot): "released \(slot)"
                case .damaged(let slot): "damaged \(slot)"
                case .free: "free"
                }
            return "\(part.range) \(use)"
        }
    }
}
