// SPDX-License-Identifier: BSD-2-Clause

/// An object's `.BTF.ext`: what it knows of single instructions (Documentation/bpf/btf.rst, "4.2 .BTF.ext section").
struct BTFExtension {
    /// `struct bpf_line_info`: where in the source an instruction comes from.
    struct Line {
        let fileOffset: Int
        let textOffset: Int
        let number: Int
    }

    /// `struct bpf_core_relo`: the instruction, and the type that its relocation begins at.
    struct Relocation {
        /// Of code.
        let section: String
        /// In bytes.
        let offset: Int
        let type: Int
    }

    /// One table of it, and the least size of its records.
    private enum Table: Int, CaseIterable {
        case functions, lines, relocations

        /// Of its offset in the header; its length follows.
        var header: Int { 8 + 8 * rawValue }
        var leastSize: Int { self == .functions ? 8 : 16 }
    }

    private let section: ByteView
    private let headerLength: Int
    private let types: BTFTypes

    private static let (magic, leastHeader) = (0xeb9f, 24)

    init(_ section: ByteView, _ types: BTFTypes, _ file: ELFFile) throws(ObjectFault) {
        guard section.half(at: 0) == Self.magic, section.byte(at: 2) == 1, let length = section.word(at: 4),
            length >= Self.leastHeader, length <= section.count
        else { throw ObjectFault(".BTF.ext does not begin as it should") }
        (self.section, self.types, headerLength) = (section, types, length)
        for table in Table.allCases { try check(table, file) }
    }

    func lines() -> [Line] {
        var lines: [Line] = []
        forEachRecord(.lines) { _, at in
            lines.append(Line(fileOffset: word(at + 4), textOffset: word(at + 8), number: word(at + 12) >> 10))
        }
        return lines
    }

    func relocations() -> [Relocation] {
        var relocations: [Relocation] = []
        forEachRecord(.relocations) { section, at in
            let name = types.strings.text(at: section) ?? ""
            relocations.append(Relocation(section: name, offset: word(at), type: word(at + 4)))
        }
        return relocations
    }

    /// A number of what ``check(_:_:)`` found to be there.
    private func word(_ at: Int) -> Int { section.word(at: at) ?? 0 }

    // MARK: Tables

    /// Where a table's parts are, and its size; nil if there is none. It begins with the size of its records.
    private func bounds(_ table: Table) -> (start: Int, end: Int)? {
        guard headerLength >= table.header + 8 else { return nil }
        let start = headerLength + word(table.header)
        let length = word(table.header + 4)
        return length == 0 ? nil : (start, start + length)
    }

    /// Calls a closure with where each record is, and where the name of the section of code is that it belongs to.
    private func forEachRecord(_ table: Table, _ body: (_ section: Int, _ at: Int) -> Void) {
        guard let (start, end) = bounds(table) else { return }
        let size = word(start)
        var at = start + 4
        while at < end {
            let (section, count) = (word(at), word(at + 4))
            at += 8
            for index in 0..<count { body(section, at + index * size) }
            at += count * size
        }
    }

    private func check(_ table: Table, _ file: ELFFile) throws(ObjectFault) {
        guard let (start, end) = bounds(table) else { return }
        guard start % 4 == 0, end <= section.count, end - start >= 4, word(start) >= table.leastSize,
            word(start) % 4 == 0
        else { throw fault(table, "is not all there") }
        let size = word(start)
        var at = start + 4
        while at < end {
            guard at + 8 <= end, let name = types.strings.text(at: word(at)) else {
                throw fault(table, "has a part of no section")
            }
            let count = word(at + 4)
            at += 8
            guard count > 0, count <= (end - at) / size else { throw fault(table, "is not all there") }
            guard let code = file.section(name) else {
                throw fault(table, "is of a section \(name), which is not there")
            }
            for index in 0..<count { try check(at + index * size, table, code) }
            at += count * size
        }
    }

    private func check(_ at: Int, _ table: Table, _ code: ELFFile.Section) throws(ObjectFault) {
        let offset = word(at)
        guard offset % 8 == 0, offset < code.content.count else {
            throw fault(table, "leads to byte \(offset) of \(code.name), which is no instruction")
        }
        switch table {
        case .functions:
            let type = word(at + 4)
            guard type < types.entries.count, types.entries[type].kind == .function else {
                throw fault(table, "leads to type \(type), which is no function")
            }
        case .lines:
            guard word(at + 4) < types.strings.count, word(at + 8) < types.strings.count else {
                throw fault(table, "has a text beyond the strings")
            }
        case .relocations:
            let type = word(at + 4)
            guard type > 0, type < types.entries.count else {
                throw fault(table, "leads to type \(type), which is not there")
            }
            guard isPath(at: word(at + 8)) else { throw fault(table, "has no path such as 0:1:2") }
        }
    }

    /// Whether a string is numbers with colons between them: the way from a type to the member that is meant.
    private func isPath(at start: Int) -> Bool {
        let (colon, digits) = (UInt8(ascii: ":"), UInt8(ascii: "0")...UInt8(ascii: "9"))
        var (at, length, parts) = (start, 0, 1)
        while let byte = types.strings.byte(at: at), byte != 0 {
            if digits ~= byte {
                length += 1
            } else {
                guard byte == colon, length > 0 else { return false }
                (length, parts) = (0, parts + 1)
            }
            // More than a number or libbpf's path has (BPF_CORE_SPEC_MAX_LEN).
            guard length < 10, parts <= 64 else { return false }
            at += 1
        }
        return length > 0
    }

    private func fault(_ table: Table, _ text: String) -> ObjectFault {
        ObjectFault("in .BTF.ext, the table of \(table) \(text)")
    }
}
