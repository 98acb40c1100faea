// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// Why a host cannot be made as it is declared.
public enum HostRefusal: Refusal {
    /// Declarations want different modes or places of programs at one hook.
    case declaredTwice(String, at: String, Hook, [DocumentPlace])
    /// Areas have another size.
    case sizeDiffers(Int, declared: Int)
    /// Fields that are declared otherwise than they are, with where.
    case fieldsDiffer([OtherField])
    /// Fields that are declared cannot be registered, each with why; if these went, which are declared no more, there might be room.
    case fieldsRefused([Absence], undeclared: [FieldName])
    /// Things of which something is declared.
    case notThere([Absence])
    /// Drivers do not fill fields that are declared to be filled, at interfaces.
    case hardwareMissing([Absence])

    /// A field that is declared otherwise than it is.
    public struct OtherField: Sendable, Hashable {
        public let registered: RegisteredField
        public let declared: FieldDefinition
        public let place: DocumentPlace

        package init(_ registered: RegisteredField, _ declared: FieldDefinition, at place: DocumentPlace) {
            (self.registered, self.declared, self.place) = (registered, declared, place)
        }
    }

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .declaredTwice: .badData
        case .fieldsDiffer, .sizeDiffers, .fieldsRefused: .taken
        case .notThere: .notFound
        case .hardwareMissing: .unsupported
        }
    }
}
