// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux
internal import SystemPackage

/// Names of the types that an object's CO-RE relocations begin at.
///
/// libbpf keeps them to itself, so the section is read here: `.BTF.ext` begins with `struct btf_ext_header`, whose
/// last two members say where the relocations are; they come a section at a time, each with its count
/// (Documentation/bpf/btf.rst in the kernel's sources, "4.2 .BTF.ext section").
///
/// - Parameter bytes: an ELF object.
public func relocatedTypes(inObject bytes: Span<UInt8>) throws(BPFError) -> Set<String> {
    let file = try MemoryFile(bytes, for: "read the object's types")
    var rawExtension: OpaquePointer?
    let btf = try unsafe libbpf("read the object's types") { unsafe btf__parse_elf(file.path, &rawExtension) }
    defer { unsafe btf__free(btf) }
    guard let section = unsafe rawExtension else { return [] }
    defer { unsafe btf_ext__free(section) }
    var size: UInt32 = 0
    guard let data = unsafe btf_ext__get_raw_data(section, &size) else { return [] }
    let words = Words(bytes: unsafe Array(UnsafeRawBufferPointer(start: data, count: Int(size))))
    let names = words.relocatedTypeIDs.compactMap { id -> String? in
        guard let type = unsafe btf__type_by_id(btf, id),
            let name = unsafe btf__name_by_offset(btf, type.pointee.name_off)
        else { return nil }
        return unsafe String(cString: name)
    }
    return Set(names)
}

/// The raw section, read as 32-bit words in the host's byte order, in which libbpf hands it out.
private struct Words {
    let bytes: [UInt8]

    private subscript(offset: Int) -> UInt32? {
        guard offset >= 0, offset + 4 <= bytes.count else { return nil }
        return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }

    /// The `type_id` of each `struct bpf_core_relo` (linux/bpf.h).
    var relocatedTypeIDs: [UInt32] {
        let lengthOffset = 4
        let (relocationsOffset, relocationsLength) = (24, 28)
        guard let headerLength = self[lengthOffset], headerLength >= 32, let start = self[relocationsOffset],
            let length = self[relocationsLength], let recordSize = self[Int(headerLength + start)], recordSize >= 16
        else { return [] }
        var ids: [UInt32] = []
        var position = Int(headerLength + start) + 4
        let end = Int(headerLength + start + length)
        while position < end, let count = self[position + 4] {
            position += 8
            for _ in 0..<count {
                guard let id = self[position + 4] else { return ids }
                ids.append(id)
                position += Int(recordSize)
            }
        }
        return ids
    }
}

extension MemoryFile {
    /// - Parameter operation: what the file is needed for.
    package init(_ bytes: Span<UInt8>, for operation: String) throws(BPFError) {
        do throws(Errno) {
            self = try MemoryFile(bytes)
        } catch {
            throw BPFError(operation, error)
        }
    }
}
