// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct UnregisterField: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "unregister-field",
        abstract: "Unregister a field and give its space back.",
        discussion: """
            Programs that still hold the field's id get -ENOENT from then on, whatever is registered in its place. \
            A field that an attached program uses by its id is kept, unless --force is given.
            """)

    @Argument(help: "The field's name.", completion: .fields)
    var name: String

    @Flag(help: "Also if an attached program uses the field.")
    var force = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let name = try FieldName(name)
        let registry = try Registry.open(
            at: registry.path(in: context), for: .write, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
        let field = try registry.unregister(name, force: force)
        if isJSON { context.output(RegistrationDocument(field, isNew: nil).json) }
    }
}
