// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

extension FieldRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .badName(_, let fault): fault.words
        case .noSuchType: "there is no such type"
        case .badTypeSize: "a value has 1 to \(FieldType.maximumSize) bytes"
        case .noSuchSource: "there is no such source"
        case .sourceNeedsArgument: "it needs an argument"
        case .flagHasNoConstant: "a flag has no value"
        case .badPayloadOffset: "the offset is a number of bytes from 0 to \(FieldSource.maximumPayloadOffset)"
        case .noSuchSink: "there is no such sink"
        case .badMask: "the mask is not a number of 32 bits, decimal or 0x..."
        case .badValue(_, let type): "it does not fit the type \(type)"
        case .badSink(_, let mismatch): mismatch.words
        case .sourceMismatch(_, let mismatch): mismatch.words
        case .sinkMismatch(let sink, let mismatch): "sink \(sink): \(mismatch.words)"
        case .otherClock(let source, let sink):
            "the source \(source.name) is of CLOCK_MONOTONIC, and the sink \(sink) takes a time of CLOCK_REALTIME"
        case .nameIsWellKnown(let field):
            "\(field.name) is a well-known field, of type \(field.type) and source \(field.source.name)"
        case .sourceIsWellKnown(let field): "the source \(field.source.name) is for the field \(field.name) only"
        case .badSample: "a sample is one packet in 1 to \(UInt32.max)"
        case .sampleWithoutSource: "only a field with a source is sampled: applications set this one"
        case .badOwner: "an owner has at most \(FieldDefinition.maximumOwnerLength) bytes and no control characters"
        case .impossibleID(let id): "no field can have the id \(id)"
        case .idIsWellKnown(let field): "\(field.name) is a well-known field, whose id is \(field.id)"
        case .idTaken(let id, let field):
            "it cannot have the id \(id): "
                + (field.map { "its place is that of the field \($0.name), \($0.id)" }
                    ?? "that was, or may have been, another field's in this registry")
        case .otherID(let field, let asked): "it is registered with the id \(field.id); asked for: \(asked)"
        case .beyondCapacity(let names, let capacity):
            "in areas of \(capacity) bytes there is no place where \(names.map(\.text).joined(separator: ", ")) "
                + (names.count == 1 ? "lies" : "lie")
        case .otherPlace(let field, let asked):
            "it lies at byte \(field.layout.offset) of the area; asked for: \(asked)"
        case .placeTaken(_, let offset, let type, let field):
            field.map { "byte \(offset) of the area, which it is to lie at, is that of the field \($0.name)" }
                ?? "no field of type \(type) can lie at byte \(offset) of the area here"
        case .nameTaken(let asked, let field):
            "the name is taken by a field of \(field.definition.words)\(field.definition.ownerWords); "
                + "asked for: \(asked.words)"
        case .sinkTaken(let asked, let field):
            "its sink \(asked.sink) overlaps \(field.definition.sink), the sink of \(field.name)"
        case .slotTaken(let slot, let field):
            "its slot, \(slot), \(field.map { "is that of the field \($0.name)" } ?? "is damaged")"
        case .slotsTaken(let count, let all):
            count == all
                ? "all \(all) slots hold fields"
                : "fields are in \(count) of \(all) slots, and the rest have used up their epochs or are damaged"
        case .spaceTaken(let type, let free, let all):
            "it needs \(type.size.of("byte")), and \(free) of \(all) are free"
        case .spaceScattered(let type, let holes):
            "it needs \(type.size.of("byte")) aligned to \(type.alignment), and none of the holes has them: "
                + holes.map { "\($0.lowerBound)-\($0.upperBound - 1)" }.joined(separator: ", ")
        case .tooLarge(let type, let capacity, let space, _):
            "it needs \(type.size.of("byte")), and this registry's capacity of \(capacity) has "
                + "\(space) for values"
        }
    }

    var remedy: String? {
        switch self {
        case .badName: "A name is a C identifier of 1 to \(FieldName.maximumLength) bytes, such as tenant_id."
        case .noSuchType(let text):
            NearestName.question(text, among: FieldType.names) + "Types: \(FieldType.spellings)."
        case .badTypeSize(0): "For a field without bytes, use --type flag."
        case .noSuchSource(let text), .sourceNeedsArgument(let text), .flagHasNoConstant(let text):
            NearestName.question(text, among: FieldSource.names) + "Sources: \(FieldSource.spellings)."
        case .noSuchSink(let text):
            NearestName.question(text, among: FieldSink.names) + "Sinks: \(FieldSink.spellings)."
        case .badValue(_, let type): type.expectation
        case .nameIsWellKnown, .sourceIsWellKnown:
            "Well-known: "
                + WellKnownField.allCases.map { "\($0.name) --type \($0.type) --source \($0.source.name)" }
                .joined(separator: ", ") + "."
        case .nameTaken(_, let field):
            "Register it just so, or under another name; pktmeta inspect-map registry \(field.name) shows it."
        case .idTaken: "Leave --id out, and the field gets another."
        case .beyondCapacity:
            "pktmeta compact may bring fields together; pktmeta unregister-field takes some away."
        case .otherPlace(let field, _):
            "A field keeps its place: pktmeta unregister-field \(field.name) first."
        case .placeTaken(_, _, _, let field):
            field.map { "pktmeta unregister-field \($0.name) frees the place." }
                ?? "A registry of the other's capacity has the places of its fields."
        case .otherID(let field, _):
            "A field keeps its id: leave --id out, or pktmeta unregister-field \(field.name) first."
        case .sinkTaken(let asked, let field):
            if case .mark = asked.sink {
                "Name other bits with --sink mark:MASK, or pktmeta unregister-field \(field.name)."
            } else {
                "pktmeta unregister-field \(field.name) frees it; a sink takes the values of one field."
            }
        case .slotTaken(_, let field):
            field.map { "pktmeta unregister-field \($0.name) frees it; ordinary fields take it last." }
        case .slotsTaken: "pktmeta unregister-field NAME frees one; pktmeta inspect-map registry lists them."
        case .spaceTaken: "pktmeta unregister-field NAME frees space; pktmeta inspect-map registry shows who has it."
        case .spaceScattered: "pktmeta compact closes holes; pktmeta inspect-map registry shows who has space."
        case .tooLarge(_, _, _, let enough):
            enough.map {
                "The capacity is fixed when a registry is created: pktmeta create-registry --capacity \($0) makes one "
                    + "with room, elsewhere (--registry) or after pktmeta delete-registry --force."
            }
        default: nil
        }
    }
}

extension FieldName.Fault {
    fileprivate var words: String {
        switch self {
        case .empty: "it is empty"
        case .tooLong(let bytes): "it has \(bytes.of("byte"))"
        case .beginsWithDigit: "it starts with a digit"
        case .badCharacter: "only A-Z, a-z, 0-9 and _ are allowed"
        case .threeUnderscores: "three underscores in a row mean something else to CO-RE"
        case .beginsWithUnderscores: "it starts with two underscores, which mean something else to CO-RE"
        }
    }
}

extension FieldSource.Mismatch {
    fileprivate var words: String {
        switch self {
        case .constant(let type): "the constant is not a value of type \(type)"
        case .flag: "a flag has no bytes to copy"
        case .offset: "the offset is not in 0...\(FieldSource.maximumPayloadOffset)"
        case .notInteger(let type, let least):
            "it needs an integer type of at least \(least.of("byte")), not \(type)"
        }
    }
}

extension FieldSink.Mismatch {
    fileprivate var words: String {
        switch self {
        case .emptyMask: "the mask has no bits"
        case .scatteredMask: "the mask's bits are not adjacent"
        case .notInteger(let type, let most): "it takes an integer type of at most \(most) bytes, not \(type)"
        case .notTime(let type): "it takes a time of 8 bytes, not \(type)"
        }
    }
}

extension FieldDefinition {
    var words: String {
        let sink = sink == .none ? "" : ", sink \(self.sink)"
        let privacy = isPrivate ? ", private" : ""
        let sockets = isForSockets ? "" : ", not for sockets"
        return "type \(type), source \(sourceDescription)\(sink)\(privacy)\(sockets)"
    }

    fileprivate var ownerWords: String { owner.isEmpty ? "" : ", owner \(owner)" }
}

extension FieldType {
    /// What its values look like.
    fileprivate var expectation: String {
        switch self {
        case .flag: "A flag has no value."
        case .u8, .be16, .u16, .u32, .be32, .u64:
            "A \(self) is a number, decimal or 0x..., of at most \(size == 8 ? UInt64.max : 1 << UInt64(8 * size) - 1)."
        case .ipv4: "An ipv4 is an address such as 192.0.2.1."
        case .ipv6: "An ipv6 is an address such as 2001:db8::1."
        case .mac: "A mac is an address such as 02:00:00:00:00:01."
        case .bytes(let count): "A \(self) is 0x and \(2 * count) hexadecimal digits."
        }
    }
}
