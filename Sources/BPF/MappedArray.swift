// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
internal import Linux
public import SystemPackage

/// The values of a mappable array map, in this process's memory: what is stored here, programs see at once.
@safe public struct MappedArray: ~Copyable {
    // Invariant: `count` bytes from `base` are mapped, readable and writable, until deinit.
    private let base: UnsafeMutableRawPointer
    private let count: Int
    private let valueSize: Int

    /// - Throws: `permissionDenied` and others of mmap(2).
    public init(_ map: borrowing BPFMap) throws(Errno) {
        valueSize = (map.shape.valueSize + 7) / 8 * 8  // kernel/bpf/arraymap.c rounds elements up
        let page = Int(sysconf(CInt(_SC_PAGESIZE)))
        count = (valueSize * map.shape.entries + page - 1) / page * page
        let place = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, map.fd.raw, 0)
        guard let place = unsafe place, unsafe place != MAP_FAILED else { throw Errno.last }
        unsafe base = place
    }

    deinit { unsafe munmap(base, count) }

    /// Stores a word of a value, by one aligned store after all stores before it.
    public func store(_ word: UInt64, at index: Int, word position: Int) {
        precondition(position >= 0 && position < valueSize / 8)
        unsafe linux_store_release(address(index) + 8 * position, word)
    }

    /// Stores bytes of a value, in no order that a program could rely on.
    public func store(_ bytes: [UInt8], at index: Int, offset: Int) {
        precondition(offset >= 0 && offset + bytes.count <= valueSize)
        unsafe (address(index) + offset).copyMemory(from: bytes, byteCount: bytes.count)
    }

    private func address(_ index: Int) -> UnsafeMutableRawPointer {
        precondition(index >= 0 && (index + 1) * valueSize <= count)
        return unsafe base + index * valueSize
    }
}
