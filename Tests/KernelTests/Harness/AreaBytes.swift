// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Glibc
import Linux
import SystemPackage
import TestSupport

@testable import PacketMetadata
@testable import RegistryModel

extension Registry {
    /// An area as programs of this registry make it, with these fields set.
    ///
    /// - Parameters:
    ///   - delta: generations that it is newer than the registry; negative: older.
    ///   - bits: of the seal, that are flipped.
    ///   - byte: what each byte between header and trailer is.
    func area(
        generation delta: Int = 0, flipping bits: UInt64 = 0, set slots: [Int] = [], filledWith byte: UInt8 = 0
    ) throws -> [UInt8] {
        let word = try image().word
        let seal = Seal(number: try seal().number ^ bits)
        let stamp = seal.stamp(of: word.generation, word) &+ UInt64(bitPattern: Int64(delta))
        let fieldsSet = slots.reduce(UInt32(0)) { $0 | 1 << UInt32($1) }
        return encode(seal.header) + encode(fieldsSet) + [UInt8](repeating: byte, count: word.space)
            + encode(stamp).prefix(6) + [0, 0]
    }
}

extension Registry {
    /// The stamp of areas that programs of this registry make now.
    func newestStamp() throws -> UInt64 {
        let word = try image().word
        return try seal().stamp(of: word.generation, word)
    }

    /// The same registry with another seal, opened anew.
    consuming func with(seal: Seal) throws -> Registry {
        try BPFMap(pinnedAt: pins.seal.path).update(at: 0, seal.bytes)
        return try Registry.open(at: path, for: .write)
    }

    /// Goes on from another generation, as if the layout had changed so often.
    func setGeneration(_ number: UInt32) throws {
        let word = try image().word
        let start = RegistryWord(capacity: word.capacity, identity: word.identity, generation: number)
        var head = try fieldsMap.slot(0)
        head.replaceSubrange(0..<8, with: encode(start.rawValue))
        try fieldsMap.setSlot(0, head)
    }
}

extension Registry {
    /// An object that is loaded as by other loaders: with this registry's map, and the types that `export-btf` writes.
    func objectOfOthers(_ path: FilePath, name: String, withKernelTypes: Bool = false) throws -> BPFObject {
        let types = try KeptFile(exportedBTF(withKernelTypes: withKernelTypes))
        let object = try BPFObject(bytes: Fixture.bytes(path), name: name, typesPath: types.path)
        try object.reuse(fieldsMap, as: "pktmeta_fields")
        return object
    }
}

/// Bytes as a file, for as long as this process runs: libbpf opens the file when it loads the object.
private struct KeptFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        var name = Array("/tmp/pktmeta-types-XXXXXX".utf8CString)
        let fd = mkstemp(&name)
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
        unlink(name)
        guard fd >= 0, write(fd, bytes, bytes.count) == bytes.count else { throw Errno(rawValue: errno) }
        path = "/proc/self/fd/\(fd)"
    }
}
