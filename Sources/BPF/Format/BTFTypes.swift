// SPDX-License-Identifier: BSD-2-Clause

/// The types in an object's `.BTF` (Documentation/bpf/btf.rst in the kernel's sources): read, and checked as a whole.
struct BTFTypes {
    /// BTF_KIND_*.
    enum Kind: Int {
        case integer = 1
        case pointer, array, structure, union, enumeration, forward, typedef, volatile, const, restrict
        case function, prototype, variable, dataSection, float, declarationTag, typeTag, enumeration64

        /// - Parameter info: a type's `info`.
        init?(info: Int) { self.init(rawValue: info >> 24 & 0x1f) }

        /// Bytes that follow a type of so many members.
        func restSize(members count: Int) -> Int { tailSize + count * memberSize }

        /// Bytes of each of the `vlen` members that follow.
        private var memberSize: Int {
            switch self {
            case .enumeration, .prototype: 8
            case .structure, .union, .dataSection, .enumeration64: 12
            default: 0
            }
        }

        /// Bytes that follow besides.
        private var tailSize: Int {
            switch self {
            case .integer, .variable, .declarationTag: 4
            case .array: 12
            default: 0
            }
        }
    }

    struct Entry {
        /// Bytes of `struct btf_type`.
        static let size = 12

        let kind: Kind
        let nameOffset: Int
        let memberCount: Int
        /// What `struct btf_type` keeps a size or another type's number in.
        let sizeOrType: Int
        /// Whether offsets of members hold the size of bit fields too.
        let hasBitFields: Bool
        /// Of what follows, in the section's types.
        let rest: Int
    }

    struct Member {
        let nameOffset: Int
        let type: Int
        /// Bits from the beginning of the struct.
        let bitOffset: Int
    }

    /// A variable of a data section.
    struct Place {
        let variable: Int
        let offset: Int
        let size: Int
    }

    /// By number, from 1 on; the first is void.
    private(set) var entries: [Entry]
    let strings: ByteView
    let types: ByteView

    init(_ section: ByteView) throws(ObjectFault) {
        let header = try BTFHeader(section)
        guard let types = section.part(at: header.types), let strings = section.part(at: header.strings) else {
            throw ObjectFault("the types or strings of .BTF are not all in it")
        }
        guard strings.isTerminated, strings.byte(at: 0) == 0 else {
            throw ObjectFault("the strings of .BTF do not begin or end with NUL")
        }
        (self.types, self.strings) = (types, strings)
        entries = [
            Entry(kind: .forward, nameOffset: 0, memberCount: 0, sizeOrType: 0, hasBitFields: false, rest: 0)
        ]
        entries.reserveCapacity(types.count / 16)
        var position = 0
        while position < types.count { position = try read(at: position) }
        try check()
    }

    /// - Returns: where the next type begins.
    private mutating func read(at position: Int) throws(ObjectFault) -> Int {
        guard let name = types.word(at: position), let info = types.word(at: position + 4),
            let sizeOrType = types.word(at: position + 8)
        else { throw fault(entries.count, "is not all there") }
        guard let kind = Kind(info: info) else {
            throw fault(entries.count, "is of the kind \(info >> 24 & 0x1f), which is not known")
        }
        let rest = position + Entry.size
        let count = info & 0xffff
        let end = rest + kind.restSize(members: count)
        guard end <= types.count else { throw fault(entries.count, "is not all there") }
        entries.append(
            Entry(
                kind: kind, nameOffset: name, memberCount: count, sizeOrType: sizeOrType,
                hasBitFields: info >> 31 != 0, rest: rest))
        return end
    }

    // MARK: What follows a type

    func member(_ index: Int, of entry: Entry) -> Member {
        let at = entry.rest + 12 * index
        let offset = number(at + 8)
        return Member(
            nameOffset: number(at), type: number(at + 4), bitOffset: entry.hasBitFields ? offset & 0xff_ffff : offset)
    }

    func place(_ index: Int, of entry: Entry) -> Place {
        let at = entry.rest + 12 * index
        return Place(variable: number(at), offset: number(at + 4), size: number(at + 8))
    }

    /// A number of what ``read(at:)`` found to be there.
    func number(_ at: Int) -> Int { types.word(at: at) ?? 0 }

    func name(_ entry: Entry) -> String { strings.text(at: entry.nameOffset) ?? "" }

    /// The variables of a data section, by name.
    func dataSection(_ name: StaticString) -> Entry? {
        entries.first { $0.kind == .dataSection && strings.hasText(name, at: $0.nameOffset) }
    }

    /// A type without the typedefs and qualifiers around it.
    func bare(_ type: Int) -> Entry {
        var entry = entries[type]
        while entry.kind.isModifier, entry.sizeOrType != 0 { entry = entries[entry.sizeOrType] }
        return entry
    }

    func fault(_ number: Int, _ text: String) -> ObjectFault {
        var words = "type \(number)"
        if number < entries.count, let name = strings.text(at: entries[number].nameOffset), !name.isEmpty {
            words += " (\(name))"
        }
        return ObjectFault("in .BTF, \(words) \(text)")
    }
}

extension BTFTypes.Kind {
    /// Whether it says something of another type, which has the same size.
    var isModifier: Bool {
        switch self {
        case .typedef, .volatile, .const, .restrict, .typeTag: true
        default: false
        }
    }
}
