// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// The values of areas that were copied whole.
@Suite struct AreaDecoderTests {
    @Test func noFieldIsReadFromAnAreaThatIsOlder() throws {
        var random = SystemRandomNumberGenerator()
        var image = RegistryImage.empty(capacity: 64, createdAt: 0, using: &random)
        func register(_ name: String, _ type: FieldType) throws -> RegisteredField {
            let definition = try FieldDefinition(name: FieldName(name), type: type)
            let (steps, field) = try image.registering(definition, now: 7)
            image = image.applying(steps)
            return field
        }
        let gone = try register("gone", .u32)
        _ = try register("first", .u32)
        let old = image.word.generation
        image = image.applying(image.unregistering(gone))
        // Where the one was that is gone.
        #expect(try register("second", .u16).layout.offset == gone.layout.offset)
        let decoder = AreaDecoder(image, names: [])
        let bytes = (0..<48).map { UInt8($0) }
        let all = UInt32.max
        func names(_ generation: Generation) -> [String] {
            decoder.fields(bytes.span.bytes, set: all, generation: generation).map(\.name.text)
        }
        #expect(names(old) == ["first"])
        #expect(names(image.word.generation) == ["second", "first"])
        #expect(decoder.fields(bytes.span.bytes, set: 0, generation: image.word.generation).isEmpty)
        #expect(!decoder.isTooOld(for: image.word.generation))
        #expect(decoder.isTooOld(for: image.word.generation.next))
        let short = [UInt8](repeating: 0, count: 8)
        #expect(decoder.fields(short.span.bytes, set: all, generation: image.word.generation).isEmpty)
    }
}
