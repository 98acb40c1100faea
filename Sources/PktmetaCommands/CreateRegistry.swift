// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct CreateRegistry: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "create-registry",
        abstract: "Create a registry, with a capacity of your choice.",
        discussion: """
            register-field and attach-to-interface create one by themselves, with 64 bytes a packet where the kernel \
            grants them (Linux 6.8), else 32. More room for fields costs each packet the time to zero it. If the registry \
            exists with that capacity, this is success.
            """)

    @Option(
        help: ArgumentHelp(
            "Bytes in front of each packet, 8 of them for the header: 32, 64, or 128 to 248 in steps of 8.",
            valueName: "bytes"))
    var capacity: Int?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let registry = try Registry.openOrCreate(
            at: registry.path(in: context), capacity: capacity, lockTimeout: writing.lockTimeout.duration
        ) {
            context.errors("note: \($0)")
        }
        if isJSON { context.output(InspectionDocument(try Inspection(registry, .registry, fields: [])).json) }
    }
}
