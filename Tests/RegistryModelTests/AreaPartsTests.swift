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
            #expect(parts.first == AreaPart(range: 0..<8, use: .header))
            #expect(parts.last == AreaPart(range: image.word.capacity - 8..<image.word.capacity, use: .trailer))
        }
    }

    @Test func theUseOfEachByte() throws {
        var image = RegistryImage(capacity: 32, generation: 41)
        for (name, type) in [("a", FieldType.u16), ("b", .u32), ("f", .flag)] {
            image = image.applying(try image.registering(define(name, type), now: 0).steps)
        }
        #expect(describe(image) == ["8..<10 a", "10..<12 free", "12..<16 b", "16..<24 free"])
        // Unregistered, and the generation not yet bumped.
        image[2].layout = tombstone(12..<16, generation: 42)
        #expect(describe(image) == ["8..<10 a", "10..<12 free", "12..<16 released 2", "16..<24 free"])
        image[3].layout = live(22..<42, generation: 41)
        #expect(describe(image).suffix(2) == ["16..<22 free", "22..<24 damaged 3"])
    }

    @Test(arguments: [
        (22..<24, "f"), (22..<25, "damaged 1"), (22..<26, "damaged 1"), (22..<40, "damaged 1"), (22..<41, "damaged 1"),
        (24..<25, nil), (36..<40, nil), (36..<44, nil), (48..<56, nil),
    ])
    func theTrailerIsNeverAFields(bytes: Range<Int>, use: String?) throws {
        var image = RegistryImage(capacity: 32)
        image[1] = SlotImage(layout: live(bytes), definition: try define("f", .bytes(bytes.count)))
        let values = use.map { ["8..<22 free", "22..<24 \($0)"] } ?? ["8..<24 free"]
        #expect(describe(image) == values)
        #expect(image.fields.count == (use == "f" ? 1 : 0))
    }

    /// What lies between header and trailer.
    private func describe(_ image: RegistryImage) -> [String] {
        image.areaParts.dropFirst().dropLast().map { part in
            let use =
                switch part.use {
                case .header, .trailer: "no value"
                case .field(let field): field.name.text
                case .released(let slot): "released \(slot)"
                case .damaged(let slot): "damaged \(slot)"
                case .free: "free"
                }
            return "\(part.range) \(use)"
        }
    }
}
