// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct Repair: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Finish or remove what killed commands left, and what is damaged.",
        discussion: """
            Every command that writes does the first by itself before anything else, and closes pins of attachments that \
            older versions opened to readers; this does nothing besides. Entries \
            that make no sense, which something else than pktmeta has written, are unregistered only here: programs get \
            -ENOENT for them, and what is attached is loaded anew. Attachments that cannot be read, since a pin \
            is missing or is something else, are detached and removed only here and by delete-registry.
            """)

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let registry = try Registry.open(
            at: registry.path(in: context), for: .write, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
        let repaired = try registry.repair()
        if isJSON {
            context.output(RepairDocument(repaired).json)
        } else {
            context.show(RepairRendering(repaired).text)
        }
    }
}
