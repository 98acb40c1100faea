// SPDX-License-Identifier: BSD-2-Clause

/// A field that a registry is to have.
public struct WantedField: Hashable, Sendable {
    public let definition: FieldDefinition
    /// What it is to have, as it had in another registry; nil: any.
    public let id: FieldID?
    /// Bytes from the beginning of the area, as in another registry; nil: wherever there is space.
    public let offset: Int?

    public init(_ definition: FieldDefinition, id: FieldID? = nil, offset: Int? = nil) {
        self.definition = definition
        self.id = id
        self.offset = offset
    }
}
