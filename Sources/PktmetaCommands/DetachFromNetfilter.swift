// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct DetachFromNetfilter: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach-from-netfilter",
        abstract: "Detach this registry's programs from netfilter.",
        discussion: """
            Without --hook and --priority, from all hooks of the network namespace. Programs of others are never touched.
            """)

    @OptionGroup var place: NetfilterPlaceOptions

    @Option(
        name: .long, parsing: .unconditional,
        help: ArgumentHelp("Of that priority only, as attach-to-netfilter takes it.", valueName: "priority"))
    var priority: PriorityArgument?

    @Option(
        help: ArgumentHelp(
            "Only that program, by its name, its object's, or both as OBJECT:PROGRAM; can be repeated.",
            valueName: "program"))
    var program: [String] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    private func isMeant(_ hook: NetfilterHook) -> Bool {
        (place.hook.isEmpty || place.hook.contains { $0.stage == hook.stage })
            && place.family.families.contains(hook.family) && (priority.map { $0.number == hook.priority } ?? true)
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let registry = try Registry.open(
            at: registry.path(in: context), for: .detach, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
        let reports = try place.run(.detach(from: ["netfilter"])) { () throws(PacketMetadataError) in
            try registry.detachFromNetfilter(programs: program, where: isMeant)
        }
        context.show(reports, isJSON: isJSON)
    }
}
