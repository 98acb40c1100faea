// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// What a program was loaded with, beside its object.
struct ProgramBinding: Hashable, Sendable {
    /// Of the types that its fields were relocated against.
    let digest: UInt64
    /// The newest that it accepts, if it is bound.
    let generation: Generation
    /// It has fields bound by name, and is loaded anew when their binding changes.
    let isBound: Bool
    /// It has the prebuilt programs' table, and is loaded anew when the fields change.
    let hasTable: Bool
}
