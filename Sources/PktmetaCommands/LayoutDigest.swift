// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct LayoutDigest: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "layout-digest",
        abstract: "Print a digest of where fields lie, to compare hosts by.",
        discussion: """
            The digest is the same on two hosts just if their registries have the same ABI and capacity, and the same fields \
            by name, type and place. Owners, sources, sinks and the order of registration do not count. Ids count with --ids: \
            headers of generate-header and configurations that have an id in them need the same, and so does who reads areas \
            as bytes, since an area says by slots, which are in the ids, which fields it carries. A registry of an earlier ABI \
            has a digest, too.

                pktmeta layout-digest --canonical | sha256sum
            """)

    @Flag(help: "With the fields' ids.")
    var ids = false

    @Flag(help: "Print the text that the digest is taken of in place of it, to the byte.")
    var canonical = false

    @Flag(help: "Print that text behind the digest.")
    var verbose = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func validate() throws {
        if canonical, isJSON || verbose {
            throw ValidationError("--canonical prints one text and nothing else: not with --json or --verbose.")
        }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let path = registry.path(in: context)
        let layout = try doing(.describeLayout(path)) { () throws(PacketMetadataError) in
            let fields = try context.recordedFields(at: path)
            guard fields.damagedSlots.isEmpty else {
                throw PacketMetadataError(CommandRefusal.damagedSlots(fields.damagedSlots))
            }
            return fields.layout(withIDs: ids)
        }
        if canonical {
            context.bytes(Array(layout.text.utf8))
        } else if isJSON {
            context.output(LayoutDocument(layout, hasIDs: ids).json)
        } else {
            context.output(([layout.digest] + (verbose ? layout.lines : [])).joined(separator: "\n"))
        }
    }
}
