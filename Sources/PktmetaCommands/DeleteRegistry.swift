// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct DeleteRegistry: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete-registry",
        abstract: "Detach all programs of a registry and remove it.",
        discussion: """
            Programs of others are never touched. Fields, ids, counts and steerings are gone; so it takes --force. Folders \
            above the registry's own stay: what else they are for is not known.
            """)

    @Flag(help: "Yes, all of it.")
    var force = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func validate() throws {
        if !force {
            throw ValidationError("All fields and counts will be gone, and all programs detached: say --force.")
        }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let deletion = try Registry.remove(
            at: registry.path(in: context), trustsOwner: writing.trustOwner, waiting: writing.wait(in: context),
            recording: context.record)
        if isJSON {
            context.output(DeletionDocument(deletion: deletion).json)
        } else {
            context.show(DeletionRendering(deletion: deletion).text)
        }
    }
}
