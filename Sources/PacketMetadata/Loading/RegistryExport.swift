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
        try doing(.exportRegistry(path)) { () throws(PacketMetadataError) in
            let image = try image()
            try refuseIfDamaged(image)
            let binding = image.binding(image.fields.map(\.name))
            if let place = binding.places.first(where: { $0.bit == 0 }) {  // it would be nowhere for good
                throw PacketMetadataError(LoadingRefusal.fieldMoving(place.name))
            }
            let types = RegistryTypes(binding: binding, seal: try seal())
            let builder = try Self.builder(withKernelTypes: withKernelTypes)
            do throws(BPFError) {
                try types.write(to: builder)
                return try builder.bytes()
            } catch {
                throw PacketMetadataError(error)
            }
        }
    }

    private static func builder(withKernelTypes: Bool) throws(PacketMetadataError) -> BTFBuilder {
        do throws(BPFError) {
            return withKernelTypes ? try BTFBuilder.withKernelTypes() : try BTFBuilder()
        } catch {
            guard withKernelTypes else { throw PacketMetadataError(error) }
            throw PacketMetadataError(LoadingRefusal.noKernelTypes(error.errno))
        }
    }
}
