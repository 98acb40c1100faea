// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct DetachFromInterface: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach-from-interface",
        abstract: "Detach this registry's programs from an interface.",
        discussion: "Without --xdp and --tc, from both hooks. Programs of others are never touched.")

    @Argument(help: "The interface.")
    var interface: String

    @Flag(help: "From its XDP hook only.")
    var xdp = false

    @Flag(help: "From its TC ingress only.")
    var tc = false

    @OptionGroup var namespace: NamespaceOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let hooks = Hook.allCases.filter { ($0 == .xdp ? xdp : tc) || xdp == tc }
        let registry = try Registry.open(
            at: registry.path(in: context), for: .write, lockTimeout: writing.lockTimeout.duration)
        let reports = try namespace.run("cannot detach from \(interface)") { () throws(PacketMetadataError) in
            try registry.detach(from: interface, hooks: hooks)
        }
        context.output(isJSON ? AttachmentsDocument(reports).json : AttachmentRendering(reports).text)
    }
}
