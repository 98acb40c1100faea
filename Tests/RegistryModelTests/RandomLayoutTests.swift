// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

/// Long random sequences of registrations, against a reference that looks at single bytes.
@Suite("Random layouts")
struct RandomLayoutTests {
    struct Run: Sendable {
        let capacity: Int
        let seed: UInt64
        var steps = 4_000
        /// Close to the end, so that slots retire on the way.
        var lastEpoch: UInt16 = 0
    }

    @Test(arguments: [
        Run(capacity: 32, seed: 1), Run(capacity: 64, seed: 2), Run(capacity: 128, seed: 3),
        Run(capacity: 248, seed: 4),
        Run(capacity: 64, seed: 5, steps: 1_500, lastEpoch: 65_515),
    ])
    func nothingOverlapsOrMoves(run: Run) throws {
        var random = SplitMix64(seed: run.seed)
        var image = RegistryImage.empty(capacity: run.capacity, createdAt: 1, using: &random)
        #expect(image.fields.isEmpty && image.word.pending == image.word.generation)
        if run.lastEpoch > 0 { for slot in RegistryImage.fieldSlots { image[slot].lastEpoch = run.lastEpoch } }
        var ids: Set<FieldID> = []
        var (registered, refused) = (0, 0)

        for step in 0..<run.steps {
            let before = image
            var touched: FieldName?
            if let field = before.fields.randomElement(using: &random), Int.random(in: 0..<100, using: &random) < 45 {
                image.unregister(field)
                touched = field.name
                try #require(image.field(named: field.name) == nil)
            } else {
                let type = everyType.randomElement(using: &random)!
                let name = "field\(Int.random(in: 0..<60, using: &random))"
                let asked = try FieldName(name)
                if before.field(named: asked) != nil { continue }
                do {
                    let field = try image.register(name, type)
                    touched = field.name
                    registered += 1
                    try #require(ids.insert(field.id).inserted, "step \(step): id \(field.id) was another field's")
                    try #require(image.field(named: asked) == field)
                    try #require(isBestFit(field, in: before), "step \(step): \(type) at \(field.layout.offset)")
                } catch let error as PacketMetadataError {
                    refused += 1
                    try #require(error.kind == .taken)
                    try #require(!hasPlace(for: type, in: before), "step \(step): \(error)")
                }
            }
            try #require(faults(of: image, after: before, touched: touched) == [], "step \(step)")
        }
        #expect(registered > run.steps / 8 && refused > 20, "the run has to reach both")
        let reread = try image.reread()
        #expect(reread.fields == image.fields && reread.word == image.word && reread.revision == image.revision)
    }

    private func faults(of image: RegistryImage, after before: RegistryImage, touched: FieldName?) -> [String] {
        var faults = image.problems.map { "\($0)" }
        if image.word.pending != image.word.generation { faults.append("a change is pending") }
        if !image.recovery().isEmpty { faults.append("there is something to recover") }
        let fields = image.fields
        var owners: [Int: FieldName] = [:]
        for field in fields {
            let (start, end) = (field.layout.offset, field.layout.offset + field.layout.size)
            if field.layout.size != field.type.size { faults.append("\(field.name) has the wrong size") }
            if start % field.type.alignment != 0 { faults.append("\(field.name) is not aligned") }
            if start < 8 || end > image.word.capacity - 8 { faults.append("\(field.name) is outside the area") }
            for byte in start..<end {
                if let other = owners.updateValue(field.name, forKey: byte) {
                    faults.append("\(field.name) overlaps \(other)")
                }
            }
        }
        if Set(fields.map(\.name)).count != fields.count { faults.append("a name is there twice") }
        if Set(fields.map(\.slot)).count != fields.count { faults.append("a slot is there twice") }
        if image.usedBytes != owners.count { faults.append("\(image.usedBytes) bytes used, not \(owners.count)") }
        for old in before.fields where old.name != touched {
            let new = image.field(named: old.name)
            if new?.id != old.id || new?.layout.offset != old.layout.offset || new?.definition != old.definition {
                faults.append("\(old.name) has changed")
            }
        }
        let grown = fields.count - before.fields.count
        if touched != nil ? abs(grown) != 1 : grown != 0 { faults.append("\(grown) fields more") }
        return faults
    }

    /// For each byte, whether neither a live field nor a tombstone ahead of the generation has it.
    private func freeBytes(of image: RegistryImage) -> [Bool] {
        var free = (0..<image.word.capacity).map { (8..<image.word.capacity - 8).contains($0) }
        for field in image.fields {
            for byte in field.layout.offset..<field.layout.offset + field.layout.size { free[byte] = false }
        }
        for byte in image.forbiddenBytes { free[byte] = false }
        return free
    }

    private func hasPlace(for type: FieldType, in image: RegistryImage) -> Bool {
        let live = Set(image.fields.map(\.slot))
        let hasSlot = RegistryImage.fieldSlots.contains { !live.contains($0) && image[$0].lastEpoch < 65_535 }
        return hasSlot && (type == .flag || !places(for: type, in: image).isEmpty)
    }

    /// Each aligned place, and the size of the hole around it.
    private func places(for type: FieldType, in image: RegistryImage) -> [(offset: Int, hole: Int)] {
        let free = freeBytes(of: image)
        return stride(from: 0, through: max(0, free.count - type.size), by: type.alignment).compactMap { offset in
            guard offset + type.size <= free.count, free[offset..<offset + type.size].allSatisfy({ $0 }) else {
                return nil
            }
            let before = free[..<offset].reversed().prefix { $0 }.count
            return (offset, before + free[offset...].prefix { $0 }.count)
        }
    }

    private func isBestFit(_ field: RegisteredField, in image: RegistryImage) -> Bool {
        guard field.type != .flag else { return true }
        let best = places(for: field.type, in: image).min { ($0.hole, $0.offset) < ($1.hole, $1.offset) }
        return best?.offset == field.layout.offset
    }
}
