// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Clibbpf
public import Linux
internal import SystemPackage

/// An open map.
public struct BPFMap: ~Copyable, Sendable {
    public enum Kind: Sendable, Hashable {
        case array, perCPUArray, programArray, structOps
        case other(UInt32)

        var code: UInt32 {
            switch self {
            case .array: BPF_MAP_TYPE_ARRAY.rawValue
            case .perCPUArray: BPF_MAP_TYPE_PERCPU_ARRAY.rawValue
            case .programArray: BPF_MAP_TYPE_PROG_ARRAY.rawValue
            case .structOps: BPF_MAP_TYPE_STRUCT_OPS.rawValue
            case .other(let code): code
            }
        }

        init(code: UInt32) {
            self = [.array, .perCPUArray, .programArray, .structOps].first { $0.code == code } ?? .other(code)
        }
    }

    /// What a map must agree on to stand in for another.
    public struct Shape: Sendable, Hashable {
        public var kind: Kind
        /// Bytes.
        public var keySize: Int
        public var valueSize: Int
        public var entries: Int
        /// BPF_F_* of linux/bpf.h.
        public var flags: UInt32

        public init(kind: Kind, keySize: Int = 4, valueSize: Int, entries: Int, flags: UInt32 = 0) {
            self.kind = kind
            self.keySize = keySize
            self.valueSize = valueSize
            self.entries = entries
            self.flags = flags
        }

        public static let mappable = UInt32(BPF_F_MMAPABLE)
    }

    public let fd: OwnedFD
    public let shape: Shape
    /// The kernel's number of this map.
    public let id: UInt32
    /// At most 15 bytes.
    public let name: String

    /// Creates a map; the kernel keeps 15 bytes of the name.
    public init(creating name: String, _ shape: Shape) throws(BPFError) {
        let fd = try libbpf("create map \(name)") {
            unsafe libbpf_create_map(
                shape.kind.code, String(name.prefix(15)), UInt32(shape.keySize), UInt32(shape.valueSize),
                UInt32(shape.entries), shape.flags, 0)
        }
        try self.init(OwnedFD(fd))
    }

    /// Opens a pinned map.
    public init(pinnedAt entry: FolderEntry, readOnly: Bool = false) throws(BPFError) {
        try self.init(BPFFileSystem.open(entry, readOnly: readOnly))
    }

    init(_ fd: consuming OwnedFD) throws(BPFError) {
        var info = bpf_map_info()
        var length = UInt32(MemoryLayout<bpf_map_info>.size)
        let raw = fd.raw
        // Anything else that is pinned answers the next question too, with a struct of its own.
        guard BPFFileSystem.isMap(raw) else { throw BPFError("get a map's information", .invalidArgument) }
        try libbpf("get a map's information") { unsafe bpf_obj_get_info_by_fd(raw, &info, &length) }
        let shape = Shape(
            kind: Kind(code: info.type), keySize: Int(info.key_size), valueSize: Int(info.value_size),
            entries: Int(info.max_entries), flags: info.map_flags)
        if shape.kind == .perCPUArray { try PossibleCPUs.check(raw, valueStride: Self.valueStride(of: shape)) }
        self.fd = fd
        self.id = info.id
        self.shape = shape
        self.name = unsafe withUnsafeBytes(of: info.name) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    public func pin(at entry: FolderEntry) throws(BPFError) {
        try BPFFileSystem.pin(fd.raw, at: entry)
    }

    /// The only value of an array of one.
    public var value: [UInt8] {
        get throws(BPFError) { try values(at: 0)[0] }
    }

    /// The value of an array's element; of a per-CPU array, one value a possible CPU.
    public func values(at index: Int) throws(BPFError) -> [[UInt8]] {
        var key = UInt32(index)
        let cpus = try valuesPerKey
        let stride = valueStride
        var buffer = [UInt8](repeating: 0, count: cpus * stride)
        try libbpf("look up element \(index)") {
            // The kernel writes one value of that stride for each possible CPU (kernel/bpf/arraymap.c).
            unsafe buffer.withUnsafeMutableBytes { unsafe bpf_map_lookup_elem(fd.raw, &key, $0.baseAddress) }
        }
        if buffer.count == shape.valueSize { return [buffer] }
        return (0..<cpus).map { Array(buffer[$0 * stride..<$0 * stride + shape.valueSize]) }
    }

    /// Takes what is stored there out of an array whose elements may be empty, as one of sockets.
    public func removeElement(at index: Int) throws(BPFError) {
        var key = UInt32(index)
        do throws(BPFError) {
            try libbpf("empty element \(index)") { unsafe bpf_map_delete_elem(fd.raw, &key) }
        } catch {
            if error.errno != .noSuchFileOrDirectory { throw error }
        }
    }

    /// How many elements of such an array are not empty.
    public var filledElements: Int {
        get throws(BPFError) {
            var count = 0
            for index in 0..<shape.entries {
                do throws(BPFError) {
                    _ = try values(at: index)
                    count += 1
                } catch {
                    if error.errno != .noSuchFileOrDirectory { throw error }
                }
            }
            return count
        }
    }

    /// How many entries a hash map has while nothing changes it.
    public var entryCount: Int {
        get throws(BPFError) {
            var key: [UInt8]?
            var count = 0
            while let next = try self.key(after: key) {
                (key, count) = (next, count + 1)
            }
            return count
        }
    }

    /// - Parameter key: nil for the first.
    /// - Returns: nil behind the last.
    private func key(after key: [UInt8]?) throws(BPFError) -> [UInt8]? {
        var next = [UInt8](repeating: 0, count: shape.keySize)
        do throws(BPFError) {
            try libbpf("list the keys of map \(name)") {
                // The kernel reads and writes one key of the map's size.
                unsafe next.withUnsafeMutableBytes { next in
                    guard let key else { return unsafe bpf_map_get_next_key(fd.raw, nil, next.baseAddress) }
                    return unsafe key.withUnsafeBytes {
                        unsafe bpf_map_get_next_key(fd.raw, $0.baseAddress, next.baseAddress)
                    }
                }
            }
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return nil
        }
        return next
    }

    /// The value of a key, of a map with one value a key; nil if the map has no such key.
    public func value(ofKey key: [UInt8]) throws(BPFError) -> [UInt8]? {
        precondition(key.count == shape.keySize)
        var value = [UInt8](repeating: 0, count: shape.valueSize)
        do throws(BPFError) {
            try libbpf("look up a key of map \(name)") {
                // The kernel reads a key and writes a value of the map's sizes.
                unsafe key.withUnsafeBytes { key in
                    unsafe value.withUnsafeMutableBytes {
                        unsafe bpf_map_lookup_elem(fd.raw, key.baseAddress, $0.baseAddress)
                    }
                }
            }
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return nil
        }
        return value
    }

    /// Stores an array's element; in a per-CPU array, the same value for all CPUs.
    public func update(at index: Int, _ value: [UInt8]) throws(BPFError) {
        precondition(value.count == shape.valueSize)
        var key = UInt32(index)
        let all = try valuesForAllCPUs(value)
        try libbpf("update element \(index)") {
            // The kernel reads as many bytes as values(at:) gets.
            unsafe all.withUnsafeBytes { unsafe bpf_map_update_elem(fd.raw, &key, $0.baseAddress, 0) }
        }
    }

    private func valuesForAllCPUs(_ value: [UInt8]) throws(BPFError) -> [UInt8] {
        // That of an array may be large.
        guard shape.kind == .perCPUArray else { return value }
        var all = [UInt8](repeating: 0, count: try valuesPerKey * valueStride)
        for start in stride(from: 0, to: all.count, by: valueStride) {
            all.replaceSubrange(start..<start + value.count, with: value)
        }
        return all
    }

    /// Stores the program that a tail call to an element of a program array goes to.
    ///
    /// - Throws: `invalidArgument` (EINVAL) unless the program is of the kind of those that use the map: type, fragments,
    ///   not bound to a device (kernel/bpf/core.c, `bpf_prog_map_compatible`).
    public func update(at index: Int, to program: borrowing BPFProgram) throws(BPFError) {
        precondition(shape.kind == .programArray)
        var key = UInt32(index)
        var value = program.fd.raw
        try libbpf("put program \(program.name) into a chain") {
            unsafe bpf_map_update_elem(fd.raw, &key, &value, 0)
        }
    }

    /// Bytes from one CPU's value to the next: whole words (kernel/bpf/syscall.c, bpf_map_value_size).
    private var valueStride: Int { Self.valueStride(of: shape) }

    private static func valueStride(of shape: Shape) -> Int {
        shape.kind == .perCPUArray ? (shape.valueSize + 7) / 8 * 8 : shape.valueSize
    }

    private var valuesPerKey: Int {
        get throws(BPFError) { shape.kind == .perCPUArray ? try possibleCPUs() : 1 }
    }
}
