// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct DetachFromCgroup: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach-from-cgroup",
        abstract: "Detach this registry's programs from cgroups.",
        discussion: "Without --ingress and --egress, from both. Programs of others are never touched.")

    @Argument(help: ArgumentHelp("The cgroups, of version 2, by their folders.", valueName: "cgroup"))
    var cgroups: [String]

    @Flag(help: "Those for packets to the sockets only.")
    var ingress = false

    @Flag(help: "Those for packets from the sockets only.")
    var egress = false

    @Option(
        help: ArgumentHelp(
            "Only that program, by its name, its object's, or both as OBJECT:PROGRAM; can be repeated.",
            valueName: "program"))
    var program: [String] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let wanted = (ingress ? [Hook.cgroupIngress] : []) + (egress ? [.cgroupEgress] : [])
        let registry = try Registry.open(
            at: registry.path(in: context), for: .detach, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
        let reports = try registry.detach(
            from: cgroups.map { FilePath($0) }, hooks: wanted.isEmpty ? Hook.all(of: .cgroup) : wanted,
            programs: program)
        context.show(reports, isJSON: isJSON)
    }
}
