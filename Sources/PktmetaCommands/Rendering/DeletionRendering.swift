// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What went with a registry, for people.
struct DeletionRendering {
    let deletion: RegistryDeletion

    var text: String {
        let fields = deletion.fields.isEmpty ? "" : ": \(deletion.fields.joined(separator: ", "))"
        let registry = "removed the registry \(deletion.path), with \(deletion.fields.count.of("field"))\(fields)"
        let steerings = deletion.steerings.map { "deleted the steering \($0)" }
        return ([AttachmentRendering(deletion.detached).text] + steerings + [registry]).filter { !$0.isEmpty }
            .joined(separator: "\n")
    }
}

struct DeletionDocument: JSONDocument {
    let deletion: RegistryDeletion

    var value: JSONValue {
        [
            "version": .version,
            "registry": .text(deletion.path.string),
            // Detached, as detach-from-interface says it.
            "attachments": .array(deletion.detached.map(\.json)),
            // Names of those that were deleted.
            "steerings": .texts(deletion.steerings),
            // Names of those that were registered.
            "fields": .texts(deletion.fields),
        ]
    }
}
