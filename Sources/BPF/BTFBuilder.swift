// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import SystemPackage

/// Writes BTF that objects are relocated against (CO-RE), in place of the kernel's.
@safe public struct BTFBuilder: ~Copyable {
    // Invariant: owned, freed by deinit only.
    private let btf: OpaquePointer

    /// The number of a type in the BTF.
    public typealias TypeID = Int32

    /// Begins with nothing.
    public init() throws(BPFError) {
        unsafe btf = try unsafe libbpf("make BTF") { unsafe btf__new_empty() }
    }

    /// Begins with a copy of the running kernel's types: megabytes, and tens of milliseconds.
    public static func withKernelTypes() throws(BPFError) -> BTFBuilder {
        unsafe BTFBuilder(btf: try unsafe libbpf("load the kernel's BTF") { unsafe btf__load_vmlinux_btf() })
    }

    private init(btf: OpaquePointer) {
        unsafe self.btf = btf
    }

    deinit { unsafe btf__free(btf) }

    /// Adds `enum name { values }`, of 4 bytes.
    public func addEnum(_ name: String, values: [(name: String, value: UInt32)]) throws(BPFError) {
        try libbpf("add enum \(name) to BTF") { unsafe btf__add_enum(btf, name, 4) }
        for value in values {
            try libbpf("add enum value \(value.name) to BTF") {
                unsafe btf__add_enum_value(btf, value.name, Int64(value.value))
            }
        }
    }

    /// Adds `enum name { values }`, of 8 bytes. For objects whose enum has 4 it stands in as well (CO-RE); a value of 2^31
    /// or more, which one of 4 bytes would give as a negative number, is as it is here.
    public func addEnum64(_ name: String, values: [(name: String, value: UInt64)]) throws(BPFError) {
        try libbpf("add enum \(name) to BTF") { unsafe btf__add_enum64(btf, name, 8, false) }
        for value in values {
            try libbpf("add enum value \(value.name) to BTF") {
                unsafe btf__add_enum64_value(btf, value.name, value.value)
            }
        }
    }

    /// Adds an unsigned integer type of that many bytes.
    public func addInteger(_ name: String, size: Int) throws(BPFError) -> TypeID {
        try libbpf("add \(name) to BTF") { unsafe btf__add_int(btf, name, size, 0) }
    }

    public func addArray(of element: TypeID, count: Int, index: TypeID) throws(BPFError) -> TypeID {
        try libbpf("add an array to BTF") { unsafe btf__add_array(btf, index, element, UInt32(count)) }
    }

    /// Adds a struct; members may overlap.
    ///
    /// - Parameter members: name, type and offset in bytes.
    public func addStruct(
        _ name: String, size: Int, members: [(name: String, type: TypeID, offset: Int)]
    ) throws(BPFError) {
        try libbpf("add struct \(name) to BTF") { unsafe btf__add_struct(btf, name, UInt32(size)) }
        for member in members {
            try libbpf("add member \(member.name) to BTF") {
                unsafe btf__add_field(btf, member.name, member.type, UInt32(member.offset * 8), 0)
            }
        }
    }

    /// The encoded types.
    public func bytes() throws(BPFError) -> [UInt8] {
        var size: UInt32 = 0
        guard let data = unsafe btf__raw_data(btf, &size) else { throw BPFError("encode BTF", .noMemory) }
        return unsafe Array(UnsafeRawBufferPointer(start: data, count: Int(size)))
    }
}
