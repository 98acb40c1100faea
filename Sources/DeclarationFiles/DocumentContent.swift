// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What one document says.
struct DocumentContent {
    var owner = ""
    var includes: [Placed<String>] = []
    var path: Placed<FilePath>?
    var capacity: Placed<Int>?
    var statistics: Placed<Statistics>?
    var access: Placed<PinAccess>?
    var fields: [FieldDeclaration] = []
    var attachments: [AttachmentDeclaration] = []
    var layout: [Placed<PlacedField>] = []
}

/// Something, and where it stands.
struct Placed<Value> {
    let value: Value
    let place: DocumentPlace
}
