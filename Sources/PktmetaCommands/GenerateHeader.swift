// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct GenerateHeader: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-header",
        abstract: "Write a C header with typed accessors for each field.",
        discussion: """
            For BPF programs that are compiled elsewhere: pktmeta_set_NAME, pktmeta_get_NAME, pktmeta_is_set_NAME and \
            pktmeta_clear_NAME, with the field's id as PKTMETA_FIELD_ID_NAME. They are access by id, so any loader does, \
            as long as it has the object use the map pinned as registry in place of pktmeta_fields, and the types that \
            export-btf writes. The same fields give \
            the same header.

            An id changes when its field is registered anew: then make the header anew. Programs with ids of their own \
            do not keep unregister-field from removing a field, as those with PKTMETA_ID do; they get -ENOENT.
            """)

    @OptionGroup var file: FileOptions
    @OptionGroup var registry: RegistryOptions

    var isJSON: Bool { file.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let registry = try context.readableRegistry(at: registry.path(in: context))
        let image = try registry.image()
        let path = registry.path
        try doing(.other("cannot write a header for the registry \(path)")) { () throws(PacketMetadataError) in
            if let problem = image.problems.first { throw PacketMetadataError(CommandRefusal.damagedFields(problem)) }
            let text = HeaderRendering(image.fields, path: path.string).text
            try file.write(Array(text.utf8), in: context)
        }
    }
}
