// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import SystemPackage

/// A file of BTF, of which a part is in memory at a time.
struct BTFFile: ~Copyable {
    private var window: FileWindow
    private let header: BTFHeader

    /// - Parameter windowSize: bytes of the part: more than the longest string.
    init(_ path: FilePath, windowSize: Int) throws {
        var window = try FileWindow(path, size: windowSize)
        header = try Self.withView(&window, at: 0, BTFHeader.size) { (view) throws(ObjectFault) in try BTFHeader(view) }
        self.window = window
    }

    /// Reads something of a file.
    ///
    /// - Throws: what the file system says; `invalidArgument` (EINVAL) if it is no BTF, or there are types of a kind that
    ///   this version does not know.
    static func read<Result>(
        _ path: FilePath, windowSize: Int, _ body: (inout BTFFile) throws -> Result
    ) throws(BPFError) -> Result {
        let operation = "read the kernel's BTF"
        do {
            var file = try BTFFile(path, windowSize: windowSize)
            return try body(&file)
        } catch let fault as ObjectFault {
            throw BPFError(operation, fault: fault)
        } catch {
            throw BPFError(operation, (error as? Errno) ?? .ioError)
        }
    }

    /// The names of an enumeration's values; none if there is no enumeration of 4 bytes of that name.
    mutating func enumerators(of name: String) throws -> [UInt32: String] {
        guard let offset = try offsets(of: [name]).keys.first else { return [:] }
        var position = header.types.lowerBound
        while position < header.types.upperBound {
            let type = try type(at: position)
            if type.kind == .enumeration, type.nameOffset == offset {
                return try enumerators(in: position + BTFTypes.Entry.size..<type.end)
            }
            position = type.end
        }
        return [:]
    }

    /// - Parameter range: of the members, each of which is a name's offset and a value.
    private mutating func enumerators(in range: Range<Int>) throws -> [UInt32: String] {
        var names: [UInt32: String] = [:]
        for position in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
            let (name, value) = try Self.withView(&window, at: position, 8) { ($0.word(at: 0), $0.word(at: 4)) }
            guard let name, let value else { throw ObjectFault("in BTF, a type is not all there") }
            let start = header.strings.lowerBound + name
            let length = try stringLength(at: start)
            names[UInt32(truncatingIfNeeded: value)] = try text(at: start, length)
        }
        return names
    }

    /// Those of the names that types of that kind have.
    ///
    /// - Parameter wanted: names by kind.
    mutating func names(among wanted: [BTFTypes.Kind: Set<String>]) throws -> [BTFTypes.Kind: Set<String>] {
        let names = try offsets(of: wanted.values.reduce(into: []) { $0.formUnion($1) })
        var found: [BTFTypes.Kind: Set<String>] = [:]
        var position = header.types.lowerBound
        while position < header.types.upperBound {
            let type = try type(at: position)
            position = type.end
            guard let name = names[type.nameOffset], wanted[type.kind]?.contains(name) == true else { continue }
            found[type.kind, default: []].insert(name)
        }
        return found
    }

    private struct TypeHead {
        let kind: BTFTypes.Kind
        let nameOffset: Int
        /// Where the next type begins, in bytes from the file's beginning.
        let end: Int
    }

    private mutating func type(at position: Int) throws -> TypeHead {
        try Self.withView(&window, at: position, BTFTypes.Entry.size) { (view) throws(ObjectFault) in
            guard let name = view.word(at: 0), let info = view.word(at: 4) else {
                throw ObjectFault("in BTF, a type is not all there")
            }
            guard let kind = BTFTypes.Kind(info: info) else {
                throw ObjectFault("in BTF, a type is of the kind \(info >> 24 & 0x1f), which is not known")
            }
            let end = position + BTFTypes.Entry.size + kind.restSize(members: info & 0xffff)
            return TypeHead(kind: kind, nameOffset: name, end: end)
        }
    }

    /// The names by their offsets among the strings, which have each of them once.
    private mutating func offsets(of names: Set<String>) throws -> [Int: String] {
        let lengths = Set(names.map(\.utf8.count))
        var offsets: [Int: String] = [:]
        var position = header.strings.lowerBound
        while position < header.strings.upperBound, offsets.count < names.count {
            let length = try stringLength(at: position)
            if lengths.contains(length), let text = try text(at: position, length), names.contains(text) {
                offsets[position - header.strings.lowerBound] = text
            }
            position += length + 1
        }
        return offsets
    }

    private mutating func stringLength(at position: Int) throws -> Int {
        // In what is in memory, or else in what is read from there on.
        for least in [1, window.size] {
            if let length = try Self.withView(&window, at: position, least, { $0.textLength(at: 0) }) { return length }
        }
        throw ObjectFault("in BTF, a string has no end")
    }

    private mutating func text(at position: Int, _ length: Int) throws -> String? {
        try Self.withView(&window, at: position, length + 1) { $0.text(at: 0) }
    }

    private static func withView<Result>(
        _ window: inout FileWindow, at position: Int, _ least: Int,
        _ body: (ByteView) throws(ObjectFault) -> Result
    ) throws -> Result {
        // The view ends with the call.
        try unsafe window.withBytes(at: position, least) { bytes in
            try body(unsafe ByteView(bytes))
        }
    }
}
