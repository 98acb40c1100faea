// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct ExportFields: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-fields",
        abstract: "Print the commands that register a registry's fields, with their ids.",
        discussion: """
            For a registry of an earlier ABI, which the rest of pktmeta does not read, or one that is to be made anew: \
            with another capacity, or elsewhere. Run by a shell, the commands register the fields in the registry of \
            $PKTMETA_REGISTRY, or the default one, which is created. Fields keep their ids, so services that are \
            configured with an id go on; objects are compiled against the headers of this version and attached again. The \
            first of the commands makes a registry with room for the fields: an area of an earlier ABI may have had more.

                pktmeta export-fields >fields.sh
                pktmeta delete-registry --force
                sh fields.sh
            """)

    @OptionGroup var file: FileOptions
    @OptionGroup var registry: RegistryOptions

    var isJSON: Bool { file.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let path = registry.path(in: context)
        try doing(.exportRegistry(path)) { () throws(PacketMetadataError) in
            let fields = try context.recordedFields(at: path)
            for slot in fields.damagedSlots { context.note("the field in slot \(slot) is damaged, and left out") }
            try file.write(Array(FieldScript(recorded: fields).text.utf8), in: context)
        }
    }
}
