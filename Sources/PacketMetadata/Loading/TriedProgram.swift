// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel

extension PrebuiltObject {
    /// Loads the program with maps of its own, to see whether the kernel takes it. It knows no area from other bytes.
    ///
    /// - Parameter image: the registry, whose fields the program is to serve.
    func tried(for image: RegistryImage, takesFragments: Bool = true) throws(BPFError) -> BPFProgram {
        let types = try RegistryTypes(binding: image.binding([]), seal: .nobodys).encoded()
        let file = MemoryFileBox(try MemoryFile(types.span, for: "hand over types"))
        defer { withExtendedLifetime(file) {} }  // libbpf opens it as it loads the object
        let object = try bytes.open(typesPath: file.path)
        _ = object.setConstant(PKTMETA_TABLE_VARIABLE, to: try image.table())
        return try object.load(only: name, takesFragments: takesFragments)
    }
}
