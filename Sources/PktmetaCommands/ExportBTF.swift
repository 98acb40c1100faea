// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct ExportBTF: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-btf",
        abstract: "Write the registry as BTF, for other loaders.",
        discussion: """
            A loader in any language gives the file to libbpf as btf_custom_path, and has the object use the map pinned \
            as registry in place of pktmeta_fields. PKTMETA_ID and bound access then work as under \
            attach-to-interface. The file says what is true now: export again before each load.

            The file is a secret: it has the registry's seal, by which programs know an area from bytes that somebody else \
            has put in front of a packet, and who has it can forge fields. So it takes the registry's owner, or root, and is \
            made for its owner alone (mode 0600).

            Nobody loads such a program anew when fields are unregistered or moved. Objects with bound access \
            #define PKTMETA_BOUND_LIVE, which asks the registry on each call; without it they refuse every packet \
            (-EFAULT) from then on. A program with PKTMETA_ID of a field that is not registered is refused by the verifier.
            """)

    @Flag(
        help: ArgumentHelp(
            "Add the running kernel's types: for objects that relocate those too. Some megabytes, good for this kernel."
        ))
    var withKernelTypes = false

    @OptionGroup var file: FileOptions
    @OptionGroup var registry: RegistryOptions

    var isJSON: Bool { file.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let path = registry.path(in: context)
        try doing(.exportRegistry(path)) { () throws(PacketMetadataError) in
            try file.refuseTerminal(in: context)
            let registry = try context.registryForPrograms(at: path)
            try file.write(registry.exportedBTF(withKernelTypes: withKernelTypes), isSecret: true, in: context)
        }
    }
}
