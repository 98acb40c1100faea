// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel

extension PrebuiltObject {
    /// Loads the program with maps of its own, to see whether the kernel takes it. It knows no area from other bytes.
    ///
    /// - Parameters:
    ///   - program: nil for the one that has the object's name.
    ///   - image: the registry, whose fields the program is to serve.
    ///   - constants: what it knows beside the registry, by variable.
    ///   - takesFragments: of XDP, whether it takes packets in several fragments.
    func tried(
        _ program: String? = nil, for image: RegistryImage, constants: [String: [UInt8]] = [:],
        takesFragments: Bool = true
    ) throws(BPFError) -> BPFProgram {
        let needsKernel = try bytes.relocatedTypes().contains { !UsedFields.isRegistryType($0) }
        let types = RegistryTypes(binding: image.binding([]), seal: .nobodys)
        let file = try types.file(withKernelTypes: needsKernel)
        defer { withExtendedLifetime(file) {} }  // libbpf opens it as it loads the object
        let object = try bytes.open(typesPath: file.path)
        _ = object.setConstant(PKTMETA_TABLE_VARIABLE, to: try image.table())
        for (variable, value) in constants { _ = object.setConstant(variable, to: value) }
        return try object.load(only: program ?? name, takesFragments: takesFragments)
    }
}
