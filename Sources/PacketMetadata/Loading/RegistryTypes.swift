// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel

/// The registry as types: what `PKTMETA_ID` and bound access are relocated against.
struct RegistryTypes: Hashable, Sendable {
    let binding: Binding
    let seal: Seal
    /// Makes the program's digest, which everybody sees, no way to guess the seal (cursor.bpf.h).
    private let salt: UInt64

    /// - Parameter seal: `nobodys` for types that are compared, and are the same each time.
    init(binding: Binding, seal: Seal) {
        self.binding = binding
        self.seal = seal
        salt = seal == .nobodys ? 0 : .random(in: .min ... .max)
    }

    /// Writes the types.
    ///
    /// A field that is gone keeps its id enum, with id 0, so that programs that use it still load and get -ENOENT.
    func write(to builder: borrowing BTFBuilder) throws(BPFError) {
        let integer = try builder.addInteger("pktmeta_index", size: 4)
        let word = try builder.addInteger("pktmeta_u64", size: 8)
        var views: [(name: String, type: BTFBuilder.TypeID, offset: Int)] = []
        for bytes in [8, 4, 2, 1] {
            let element = bytes == 8 ? word : try builder.addInteger("pktmeta_u\(8 * bytes)", size: bytes)
            let count = Int(PKTMETA_VALUE_MAX) / bytes
            views.append(("u\(8 * bytes)", try builder.addArray(of: element, count: count, index: integer), 0))
        }
        try builder.addEnum64(
            PKTMETA_SEAL_ENUM,
            values: [
                ("PKTMETA_SEAL_REGISTRY", UInt64(binding.registry)),
                ("PKTMETA_SEAL_HEADER", UInt64(seal.header)),
                ("PKTMETA_SEAL_BASE", seal.stamp),
                ("PKTMETA_SEAL_SALT", salt),
                ("PKTMETA_SEAL_CAPACITY", UInt64(binding.capacity)),
            ])
        try builder.addEnum64(
            PKTMETA_INFO_ENUM,
            values: [
                ("PKTMETA_INFO_HEADER", UInt64(seal.header)),
                ("PKTMETA_INFO_OLDEST", binding.oldestStamp(seal)),
                ("PKTMETA_INFO_SPAN", UInt64(binding.span)),
                ("PKTMETA_INFO_CAPACITY", UInt64(binding.capacity)),
                ("PKTMETA_INFO_STAMP", binding.newStamp(seal)),
                ("PKTMETA_INFO_SALT", salt),
            ])
        for place in binding.places { try write(place, views, counter: word, to: builder) }
    }

    private func write(
        _ place: Binding.Place, _ views: [(name: String, type: BTFBuilder.TypeID, offset: Int)],
        counter: BTFBuilder.TypeID, to builder: borrowing BTFBuilder
    ) throws(BPFError) {
        let name = place.name.text
        try builder.addEnum(
            PKTMETA_ID_PREFIX + name, values: [("PKTMETA_ID_\(name)", place.field?.id.rawValue ?? 0)])
        guard let field = place.field else { return }
        try builder.addEnum64(
            PKTMETA_BIND_PREFIX + name,
            values: [
                ("PKTMETA_BIT_\(name)", UInt64(place.bit)),
                ("PKTMETA_SIZE_\(name)", UInt64(field.type.size)),
                ("PKTMETA_LAYOUT_\(name)", field.layout.rawValue),
            ])
        let members = views.map { (name: $0.name, type: $0.type, offset: field.layout.offset) }
        try builder.addStruct(
            PKTMETA_FIELD_PREFIX + name, size: Int(PKTMETA_CAPACITY_MAX + PKTMETA_VALUE_MAX),
            members: members)
        try builder.addStruct(
            PKTMETA_COUNTS_PREFIX + name, size: StateImage.size,
            members: StateImage.countersByName.map {
                (name: $0.name, type: counter, offset: StateImage.offset(of: $0.counter, slot: field.slot))
            } + [(name: "layout", type: counter, offset: RegistryImage.layoutOffset(field.slot))])
    }

    /// A file with the types and, if an object relocates them too, the kernel's.
    ///
    /// With these, what writes the file takes 20 MB, and so does libbpf that reads it: the one is gone before the other begins.
    func file(withKernelTypes: Bool) throws(BPFError) -> MemoryFileBox {
        let builder = withKernelTypes ? try BTFBuilder.withKernelTypes() : try BTFBuilder()
        try write(to: builder)
        let bytes = try builder.bytes()
        return MemoryFileBox(try MemoryFile(bytes.span, for: "hand over types"))
    }

    /// The types alone, as BTF.
    func encoded() throws(BPFError) -> [UInt8] {
        let builder = try BTFBuilder()
        try write(to: builder)
        return try builder.bytes()
    }
}

/// FNV-1a, 64 bits: to tell one binding from another, not against anyone's will.
func digest(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
