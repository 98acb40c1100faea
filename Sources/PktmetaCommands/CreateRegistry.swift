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

            The prebuilt consumer counts each get and keeps each last value; minimum, maximum and histogram it takes of one \
            packet in 16, unless --statistics says otherwise. That of a registry that exists is changed.

            The registry is for its owner only, unless --mode-bits or --group says who may read it too; that of a registry \
            that exists is changed. What is pinned for attachments stays the owner's alone: who can open a program can run it.
            """)

    @Option(
        help: ArgumentHelp(
            "Bytes in front of each packet, \(RegistryWord.headerSize + RegistryWord.trailerSize) of them for header and "
                + "trailer: \(RegistryWord.capacitiesText).",
            valueName: "bytes"))
    var capacity: Int?

    @Option(
        help: ArgumentHelp(
            "Of which values minimum, maximum and histogram are taken: all, sampled (one packet in 16, and the first 16 "
                + "of a field, on each CPU) or none. Default: sampled.",
            valueName: "which"))
    var statistics: WordArgument<Statistics>?

    @Option(
        help: ArgumentHelp(
            "Who may read: bits of the pins as for chmod, 0600, 0640 or 0644. Default: 0640 with a group, else 0600.",
            valueName: "octal"))
    var modeBits: String?

    @Option(help: ArgumentHelp("The pins' group, by name or number.", valueName: "name"), completion: .groups)
    var group: String?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let access =
            modeBits == nil && group == nil ? nil : try PinAccess(modeBits: modeBits, group: group)
        let registry = try Registry.openOrCreate(
            at: registry.path(in: context), capacity: capacity, statistics: statistics?.value,
            access: access,
            trustsOwner: writing.trustOwner, waiting: writing.wait(in: context), recording: context.record
        ) { context.note($0) }
        if isJSON { context.output(InspectionReport(try registry.inspect([]), .registry).document.json) }
    }
}
