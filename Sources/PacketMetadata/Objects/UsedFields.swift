// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI
internal import RegistryModel

/// The fields that an object names, read from its types.
struct UsedFields: Hashable, Sendable {
    /// By `PKTMETA_ID`.
    let byID: Set<String>
    /// By `PKTMETA_FIELD` and `PKTMETA_FLAG`.
    let bound: Set<String>
    /// Whether it opens areas.
    let opens: Bool
    /// Whether it opens areas for bound access, which depends on the registry even if it binds no field.
    let opensBound: Bool
    /// Bytes that calls by id are made with, by the field's name; none of a field whose calls have no constant size.
    let sizesByID: [String: Set<Int>]
    /// The types of the bound ones.
    private let declared: [String: FieldType]

    init(_ object: borrowing BPFObject) {
        func names(_ prefix: String) -> Set<String> {
            Set((object.withTypes { $0.enums(prefix: prefix) } ?? []).map { String($0.dropFirst(prefix.utf8.count)) })
        }
        func sizes(_ enumName: String) -> Set<Int> {
            let values = object.withTypes { $0.firstValues(ofEnums: enumName) } ?? []
            return Set(values.map { Int(pktmeta_used_bytes($0)) }.filter { $0 >= 0 })
        }
        let byID = names(PKTMETA_ID_PREFIX)
        self.byID = byID
        sizesByID = Dictionary(uniqueKeysWithValues: byID.map { ($0, sizes(PKTMETA_ID_PREFIX + $0)) })
        bound = names(PKTMETA_BIND_PREFIX)
        func has(_ enumName: String) -> Bool {
            object.withTypes { $0.enums(prefix: enumName) }?.contains(enumName) ?? false
        }
        opens = has(PKTMETA_SEAL_ENUM)
        opensBound = has(PKTMETA_INFO_ENUM)
        var declared: [String: FieldType] = [:]
        for name in bound {
            let type = object.withTypes { $0.type(ofMember: "declared", in: PKTMETA_FIELD_PREFIX + name) } ?? nil
            // The compiler leaves a struct out of whose values nothing is used, and then the size is all there is.
            declared[name] = type.map(FieldType.init(cType:)) ?? .ofSize(sizes(PKTMETA_BIND_PREFIX + name).max() ?? 0)
        }
        self.declared = declared
    }

    /// The type that a field is declared with; nil if it is used by its id only, which says nothing of it.
    func type(of name: String) -> FieldType? {
        declared[name]
    }

    /// The declared type; of a field that is used by its id only, the type that suits the size of its calls, if they agree.
    func likelyType(of name: String) -> FieldType? {
        if let type = type(of: name) { return type }
        guard let sizes = sizesByID[name], sizes.count == 1, let size = sizes.first else { return nil }
        return .ofSize(size)
    }

    var all: Set<String> { byID.union(bound) }
    var isEmpty: Bool { all.isEmpty && !opens && !opensBound }

    /// The ABI of the accessors that an object with a registry's map has compiled in; objects of ABI 1 do not say it.
    static func abiVersion(of object: borrowing BPFObject) -> Int {
        (object.withTypes { $0.firstValues(ofEnums: PKTMETA_ABI_ENUM) } ?? []).map(Int.init).min() ?? 1
    }

    /// Whether a type that the object relocates is one that the registry gives.
    static func isRegistryType(_ name: String) -> Bool {
        [PKTMETA_SEAL_ENUM, PKTMETA_INFO_ENUM].contains(name)
            || [PKTMETA_ID_PREFIX, PKTMETA_BIND_PREFIX, PKTMETA_FIELD_PREFIX, PKTMETA_COUNTS_PREFIX].contains {
                name.hasPrefix($0)
            }
    }
}

extension FieldType {
    /// The type that suits a C type: by its name where that says more than the size.
    fileprivate init(cType: BTFView.MemberType) {
        switch (cType.size, cType.names) {
        case (2, let names) where names.contains("__be16"): self = .be16
        case (4, let names) where names.contains("__be32"): self = .be32
        case (4, let names) where names.contains("in_addr"): self = .ipv4
        case (16, let names) where names.contains("in6_addr"): self = .ipv6
        default: self = cType.isInteger ? .ofSize(cType.size) : .bytes(cType.size)
        }
    }

    /// The type that suits a value of which nothing is known but its size, in bytes.
    fileprivate static func ofSize(_ size: Int) -> FieldType {
        switch size {
        case 0: .flag
        case 1: .u8
        case 2: .u16
        case 4: .u32
        case 8: .u64
        default: .bytes(size)
        }
    }
}
