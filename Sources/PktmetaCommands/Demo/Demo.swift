// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel

struct Demo: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole way of metadata, on real packets between two namespaces.",
        discussion: """
            Makes two network namespaces joined by a veth pair and a registry of its own, registers fields with \
            different sources, attaches the prebuilt programs, sends UDP packets, shows what happened to each field, \
            has an application without privileges (user 65534, in a cgroup made for it) ask for fields of what it receives, \
            and removes all that it made. Nothing else on the machine is touched.
            """)

    @Option(help: "How many packets to send.")
    var packets = 1000

    func validate() throws {
        guard 1...1_000_000 ~= packets else { throw ValidationError("--packets is a number from 1 to 1000000.") }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        Interruption.watch()
        TemporaryRegistry.removeAbandoned(for: "demo")
        let registry = TemporaryRegistry(for: "demo")
        try DemoRun(context: context, registryPath: registry.path, packets: packets).run()
    }
}
