// SPDX-License-Identifier: BSD-2-Clause

/// Why there is no such field, or none can be registered.
public enum FieldRefusal: Refusal {
    // What was written is none.

    case badName(String, FieldName.Fault)
    case noSuchType(String)
    /// Of `bytes:N`.
    case badTypeSize(Int)
    case noSuchSource(String)
    case sourceNeedsArgument(String)
    /// `constant:VALUE` of a flag.
    case flagHasNoConstant(String)
    case badPayloadOffset(String)
    case noSuchSink(String)
    /// What is no number of 32 bits.
    case badMask(String)
    case badValue(String, FieldType)
    /// The sink takes no values of the type for which it was written.
    case badSink(FieldSink, FieldSink.Mismatch)

    // A definition's parts do not go together.

    case sourceMismatch(FieldSource, FieldSource.Mismatch)
    case sinkMismatch(FieldSink, FieldSink.Mismatch)
    /// The source's time is of another clock than the sink's.
    case otherClock(FieldSource, FieldSink)
    /// A field with that name has this type and source.
    case nameIsWellKnown(WellKnownField)
    /// Only that field has this source.
    case sourceIsWellKnown(WellKnownField)
    case badSample(Int)
    /// Applications set the field, so nothing samples it.
    case sampleWithoutSource
    case badOwner(String)
    case impossibleID(FieldID)
    /// The field is to have another id than the one that it has in each registry.
    case idIsWellKnown(WellKnownField)

    // The registry has another.

    case nameTaken(asked: FieldDefinition, by: RegisteredField)
    case sinkTaken(asked: FieldDefinition, by: RegisteredField)
    /// It leads to the slot of another field; nil: it is, or may be, that of a field that is gone.
    case idTaken(FieldID, by: RegisteredField?)
    /// The field is registered just so, but for its id.
    case otherID(RegisteredField, asked: FieldID)
    /// The field is registered just so, but for its place.
    case otherPlace(RegisteredField, asked: Int)
    /// It is not free, not aligned for the type or not in the area: bytes from its beginning. nil: no field has it, or one that is
    /// gone.
    case placeTaken(FieldName, offset: Int, FieldType, by: RegisteredField?)
    /// Of a well-known field; nil: what holds it is damaged.
    case slotTaken(Int, by: RegisteredField?)
    /// Fields are in so many of all slots.
    case slotsTaken(Int, of: Int)
    /// So many of all bytes are free, which is less than the type has.
    case spaceTaken(FieldType, free: Int, of: Int)
    /// No hole between fields has the bytes of the type, aligned, although all together have.
    case spaceScattered(FieldType, holes: [Range<Int>])
    /// Fields lie where areas of that size have none.
    case beyondCapacity([FieldName], capacity: Int)
    /// The registry would have no space for the type if it had no other field.
    ///
    /// - Parameters:
    ///   - capacity: of the registry.
    ///   - space: bytes that it has for values.
    ///   - enough: the least capacity of a registry that has space; nil if none has.
    case tooLarge(FieldType, capacity: Int, space: Int, enough: Int?)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .nameTaken, .sinkTaken, .idTaken, .otherID, .otherPlace, .placeTaken, .slotTaken, .slotsTaken, .spaceTaken,
            .spaceScattered, .tooLarge, .beyondCapacity:
            .taken
        default: .usage
        }
    }
}

extension FieldName {
    /// Why a text is no name of a field.
    public enum Fault: Hashable, Sendable {
        case empty
        /// With its length in bytes.
        case tooLong(Int)
        case beginsWithDigit
        case badCharacter
        case threeUnderscores
        case beginsWithUnderscores
    }
}

extension FieldSource {
    /// Why values of a source do not fit a type.
    public enum Mismatch: Hashable, Sendable {
        /// The constant is no value of the type.
        case constant(FieldType)
        /// A flag has no bytes of a packet.
        case flag
        /// Not from 0 to ``FieldSource/maximumPayloadOffset``.
        case offset(Int)
        /// It takes an integer of that many bytes or more.
        case notInteger(FieldType, least: Int)
    }
}

extension FieldSink {
    /// Why values of a type do not fit a sink.
    public enum Mismatch: Hashable, Sendable {
        case emptyMask
        /// The bits of the mask are not adjacent.
        case scatteredMask
        /// It takes an integer of at most that many bytes.
        case notInteger(FieldType, most: Int)
        /// No integer of 8 bytes.
        case notTime(FieldType)
    }
}

/// Why what is pinned somewhere cannot be used as a registry.
public enum ImageRefusal: Refusal {
    /// It is another tool's.
    case otherMap
    case otherABI(version: Int, own: Int)
    case damagedCapacity(Int)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .otherABI: .incompatibleABI
        case .otherMap, .damagedCapacity: .badData
        }
    }
}
