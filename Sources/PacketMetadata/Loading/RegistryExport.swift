// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel

extension Registry {
    /// The registry as BTF, with all its fields: what any loader hands to libbpf as `btf_custom_path`, so that
    /// `PKTMETA_ID` and bound access work without pktmeta.
    ///
    /// It says what is true now. Nobody loads such programs anew when the layout changes, so those with bound access
    /// define `PKTMETA_BOUND_LIVE`, or refuse all packets (`-EFAULT`) from the next change on.
    ///
    /// The registry's seal is among the types: who has them can make areas that pass for the registry's. The registry is to
    /// be opened to be written.
    ///
    /// - Parameter withKernelTypes: adds the running kernel's types, for objects that relocate those too: libbpf takes
    ///   all types from one file.
    /// - Throws: `badData` if the registry is damaged; `busy` while a field moves; `unsupported` if the kernel does not give its types away.
    public func exportedBTF(withKernelTypes: Bool = false) throws(PacketMetadataError) -> [UInt8] {
        let summary = "cannot export the registry \(path)"
        let image = try image()
        try refuseIfDamaged(image, summary)
        let binding = image.binding(image.fields.map(\.name))
        if let place = binding.places.first(where: { $0.bit == 0 }) {  // it would be nowhere for good
            throw PacketMetadataError(
                .busy, summary, reason: "the field \(place.name) is just moving",
                remedy: "Try again. If that does not help, a command was killed: the next one that writes finishes it.")
        }
        let types = RegistryTypes(binding: binding, seal: try seal(summary))
        let builder = try Self.builder(withKernelTypes: withKernelTypes, summary)
        do throws(BPFError) {
            try types.write(to: builder)
            return try builder.bytes()
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    private static func builder(
        withKernelTypes: Bool, _ summary: String
    ) throws(PacketMetadataError) -> BTFBuilder {
        do throws(BPFError) {
            return withKernelTypes ? try BTFBuilder.withKernelTypes() : try BTFBuilder()
        } catch {
            guard withKernelTypes else { throw PacketMetadataError(error, summary) }
            throw PacketMetadataError(
                .unsupported, summary, reason: "this kernel does not give its types away (\(error.errno.name))",
                remedy: "It takes a kernel with CONFIG_DEBUG_INFO_BTF.")
        }
    }
}
