// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct DetachFromInterface: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach-from-interface",
        abstract: "Detach this registry's programs from interfaces.",
        discussion: """
            Without --xdp, --tc and --tc-egress, from all hooks. What is left of a chain goes on without a gap. Programs of \
            others are never touched.
            """)

    @OptionGroup var interfaces: InterfaceOptions

    @Flag(help: "From XDP hooks only.")
    var xdp = false

    @Flag(help: "From TC ingress only.")
    var tc = false

    @Flag(help: "From TC egress only.")
    var tcEgress = false

    @OptionGroup var options: DetachingOptions

    var isJSON: Bool { options.output.isJSON }

    private func isWanted(_ hook: Hook) -> Bool {
        switch hook {
        case .xdp: xdp
        case .tcIngress: tc
        case .tcEgress: tcEgress
        default: false
        }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let wanted = Hook.all(of: .interface).filter(isWanted)
        let hooks = wanted.isEmpty ? Hook.all(of: .interface) : wanted
        let registry = try options.open(in: context)
        let reports = try interfaces.run(Action.detach) { (names) throws(PacketMetadataError) in
            try registry.detach(
                from: names, hooks: hooks, programs: options.program, skippingUntouched: interfaces.all)
        }
        context.show(reports, isJSON: isJSON)
    }
}
