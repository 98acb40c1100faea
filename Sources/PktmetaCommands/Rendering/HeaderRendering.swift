// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// A registry's fields as a C header: for each its id, and accessors of its type.
///
/// The same fields give the same text. Whatever they are called, it adds no identifier that abi.h or `PKTMETA_ID` has:
/// the latter makes an enumerator `PKTMETA_ID_NAME`, which a macro of that name would break.
struct HeaderRendering {
    private let fields: [RegisteredField]
    private let path: String

    init(_ fields: [RegisteredField], path: String) {
        self.fields = fields.sorted { $0.name < $1.name }
        self.path = path
    }

    /// Ends with a newline, as a file does.
    var text: String {
        let sections = [preamble] + structs + fields.map { FieldSection($0).text } + ["#endif /* PKTMETA_FIELDS_H */"]
        return sections.joined(separator: "\n\n") + "\n"
    }

    private var preamble: String {
        """
        /* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
        /*
         * The fields of a pktmeta registry, by access by id. Made by pktmeta generate-header: do not edit.
         *
         * Registry: \(commentText(path))
         *
         * Include <linux/bpf.h> or vmlinux.h, and <bpf/bpf_helpers.h>, before this file. The calls return what
         * <pktmeta/pktmeta.bpf.h> says, but never -EINVAL: each passes its field's size. An id is good until its field is
         * unregistered; from then on it gives -ENOENT, and this header is to be made anew.
         */
        #ifndef PKTMETA_FIELDS_H
        #define PKTMETA_FIELDS_H

        #include <pktmeta/pktmeta.bpf.h>
        """
    }

    /// Values that are no single number, each once.
    private var structs: [String] {
        let types = Set(fields.map(\.type).map(CType.init)).filter(\.isStruct)
        return types.sorted { $0.name < $1.name }.map { type in
            """
            struct \(type.name) {
            \t__u8 bytes[\(type.size)];
            };
            """
        }
    }
}

/// How C holds a field's value.
private struct CType: Hashable {
    let name: String
    let size: Int
    let isStruct: Bool

    init(_ type: FieldType) {
        size = type.size
        switch type {
        case .flag: (name, isStruct) = ("void", false)
        case .u8: (name, isStruct) = ("__u8", false)
        case .u16: (name, isStruct) = ("__u16", false)
        case .u32: (name, isStruct) = ("__u32", false)
        case .u64: (name, isStruct) = ("__u64", false)
        case .be16: (name, isStruct) = ("__be16", false)
        case .be32, .ipv4: (name, isStruct) = ("__be32", false)
        case .ipv6: (name, isStruct) = ("pktmeta_value_ipv6", true)
        case .mac: (name, isStruct) = ("pktmeta_value_mac", true)
        case .bytes(let count): (name, isStruct) = ("pktmeta_value_bytes_\(count)", true)
        }
    }
}

/// One field's part of the header.
private struct FieldSection {
    private let field: RegisteredField
    private let type: CType

    init(_ field: RegisteredField) {
        self.field = field
        type = CType(field.type)
    }

    private var name: String { field.name.text }
    private var constant: String { "PKTMETA_FIELD_ID_\(name)" }

    var text: String { ([comment] + accessors).joined(separator: "\n\n") }

    private var comment: String {
        let owner = field.definition.owner
        let bytes = type.size.of("byte")
        return """
            /*
             * \(name): \(field.type), \(bytes)
             *
             * Owner: \(owner.isEmpty ? "none" : commentText(printable(owner)))
             * Source: \(commentText(field.definition.sourceDescription))
             * Id: \(field.id), registered at \(time)
             */
            #define \(constant) \(field.id)U
            """
    }

    /// When it was registered, in whole seconds of UTC.
    private var time: String {
        TimeOfDay.dated(second: field.registeredAt / 1_000_000_000)
    }

    private var accessors: [String] {
        let cursor = "struct pktmeta_cursor *c"
        let size = type.isStruct || type.size > 0 ? "sizeof(*value)" : "0"
        let pointer = type.size > 0 ? "value" : "NULL"
        let inner: (set: String, get: String) =
            if type.size == 0 {
                ("", "")
            } else if type.isStruct {
                (", const struct \(type.name) *value", ", struct \(type.name) *value")
            } else {
                (", \(type.name) value", ", \(type.name) *value")
            }
        let set = type.isStruct || type.size == 0 ? "\(pointer), \(size)" : "&value, sizeof(value)"
        return [
            function("set", "\(cursor)\(inner.set)", "c, \(constant), \(set)"),
            function("get", "const \(cursor)\(inner.get)", "c, \(constant), \(pointer), \(size)"),
            function("is_set", "const \(cursor)", "c, \(constant)"),
            function("clear", cursor, "c, \(constant)"),
        ]
    }

    private func function(_ verb: String, _ parameters: String, _ arguments: String) -> String {
        """
        static __always_inline int pktmeta_\(verb)_\(name)(\(parameters))
        {
        \treturn pktmeta_\(verb)(\(arguments));
        }
        """
    }
}

/// Text of others, made such that it can neither end a comment, nor begin one, nor continue a line: letters, digits and
/// harmless signs stay, anything else becomes an underscore.
func commentText(_ text: String) -> String {
    let signs = Set(" !#$%&'()+,-./:;<=>@[]^_`{|}~\"")
    return String(text.map { $0.isLetter || $0.isNumber || signs.contains($0) ? $0 : "_" })
}
