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

    @OptionGroup var options: DetachingOptions

    var isJSON: Bool { options.output.isJSON }

    private func isMeant(_ hook: NetfilterHook) -> Bool {
        (place.hook.isEmpty || place.hook.contains { $0.value == hook.stage })
            && place.family.value.families.contains(hook.family)
            && (priority.map { $0.priority.number == hook.priority } ?? true)
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let registry = try options.open(in: context)
        let reports = try place.run(.detach(from: ["netfilter"])) { () throws(PacketMetadataError) in
            try registry.detachFromNetfilter(programs: options.program, where: isMeant)
        }
        context.show(reports, isJSON: isJSON)
    }
}
