// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Clibbpf
public import Linux
internal import SystemPackage

/// Writes BTF that objects are relocated against (CO-RE), in place of the kernel's.
@safe public struct BTFBuilder: ~Copyable {
    // Invariant: owned, freed by deinit only.
    private let btf: OpaquePointer

    public init() throws(BPFError) {
        unsafe btf = try unsafe libbpf("make BTF") { unsafe btf__new_empty() }
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

    /// The encoded types.
    public func bytes() throws(BPFError) -> [UInt8] {
        var size: UInt32 = 0
        guard let data = unsafe btf__raw_data(btf, &size) else { throw BPFError("encode BTF", .noMemory) }
        return unsafe Array(UnsafeRawBufferPointer(start: data, count: Int(size)))
    }

    /// The encoded types in an anonymous file, because libbpf takes BTF by path only.
    public func file() throws(BPFError) -> OwnedFD {
        let bytes = try bytes()
        let raw = unsafe linux_memfd_create("pktmeta-btf")
        guard raw >= 0 else { throw BPFError("make a memory file", Errno(rawValue: -raw)) }
        let fd = OwnedFD(raw)
        do {
            _ = try FileDescriptor(rawValue: raw).writeAll(bytes)
        } catch {
            throw BPFError("write a memory file", error as? Errno ?? .ioError)
        }
        return fd
    }
}
