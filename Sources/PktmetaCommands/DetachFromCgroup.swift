// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct DetachFromCgroup: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach-from-cgroup",
        abstract: "Detach this registry's programs from cgroups.",
        discussion: "Without --ingress, --egress and --sockets, all. Programs of others are never touched.")

    @OptionGroup var cgroups: CgroupArguments

    @Flag(help: "Those for packets to the sockets only.")
    var ingress = false

    @Flag(help: "Those for packets from the sockets only.")
    var egress = false

    @Flag(help: "Those that answer applications only, which then get no fields by their sockets any more.")
    var sockets = false

    @OptionGroup var options: DetachingOptions

    var isJSON: Bool { options.output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        var wanted: [Hook] = []
        if ingress { wanted.append(.cgroupIngress) }
        if egress { wanted.append(.cgroupEgress) }
        if sockets { wanted += Hook.ofSockets }
        let registry = try options.open(in: context)
        let paths = try doing(.detach(from: cgroups.names)) { () throws(PacketMetadataError) in try cgroups.paths() }
        let reports = try registry.detach(
            from: paths, hooks: wanted.isEmpty ? Hook.all(of: .cgroup) : wanted,
            programs: options.program)
        context.show(reports, isJSON: isJSON)
    }
}
