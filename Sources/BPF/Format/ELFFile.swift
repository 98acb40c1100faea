// SPDX-License-Identifier: BSD-2-Clause

/// An ELF object as `clang -target bpf` and `bpftool gen object` write it: sections, symbols, relocations (elf(5)).
///
/// All that libbpf takes from the file without a check of its own is checked here.
struct ELFFile {
    struct Section {
        let index: Int
        let name: String
        /// SHT_*.
        let type: Int
        /// Whether it holds instructions.
        let isCode: Bool
        let link: Int
        let info: Int
        let size: UInt64
        /// Empty for a section that takes no room in the file.
        let content: ByteView
    }

    /// Symbols are many, so their names are read when they are asked for.
    struct Symbol {
        let nameOffset: Int
        /// STT_*.
        let type: UInt8
        /// Of the section, or a reserved number from 0xff00 on.
        let section: Int
        let value: UInt64
        let size: UInt64

        var isFunction: Bool { type == 2 }  // STT_FUNC
    }

    struct Relocation {
        /// In the section that is relocated.
        let offset: UInt64
        let symbol: Symbol
    }

    let sections: [Section]
    let symbols: [Symbol]
    private let symbolNames: ByteView

    static let noBits = 8  // SHT_NOBITS
    private static let (symbolTable, relocations) = (2, 9)  // SHT_SYMTAB, SHT_REL
    private static let (headerSize, sectionSize, symbolSize, relocationSize) = (64, 64, 24, 16)
    private static let firstReservedSection = 0xff00

    init(_ file: ByteView) throws(ObjectFault) {
        sections = try Self.sections(file)
        let tables = sections.filter { $0.type == Self.symbolTable }
        guard let table = tables.first, tables.count == 1 else {
            throw ObjectFault("it has \(tables.count) symbol tables, and needs one")
        }
        guard table.link < sections.count, sections[table.link].content.isTerminated else {
            throw ObjectFault("the names of \(table.name) do not end, or are not there")
        }
        symbolNames = sections[table.link].content
        symbols = try Self.symbols(table, names: symbolNames, sections)
        try checkCode()
        for section in sections where isUsedRelocation(section) { try check(section, table) }
    }

    func section(_ name: String) -> Section? { sections.first { $0.name == name } }

    func name(_ symbol: Symbol) -> String { symbolNames.text(at: symbol.nameOffset) ?? "" }

    // MARK: Reading

    private static func sections(_ file: ByteView) throws(ObjectFault) -> [Section] {
        let (magic, sixtyFourBits, littleEndian) = (UInt32(0x7f45_4c46), UInt8(2), UInt8(1))
        guard file.number(UInt32.self, at: 0)?.bigEndian == magic, file.count >= headerSize else {
            throw ObjectFault("it is no ELF file")
        }
        guard file.byte(at: 4) == sixtyFourBits, file.byte(at: 5) == littleEndian else {
            throw ObjectFault("it is an ELF file of another word size or byte order than BPF's here")
        }
        guard let start = file.long(at: 40), let count = file.half(at: 60), let namesIndex = file.half(at: 62),
            file.half(at: 58) == sectionSize, count > 0,
            let headers = file.part(at: start, count: UInt64(count * sectionSize))
        else { throw ObjectFault("its table of sections is not all there") }
        guard namesIndex < count, let names = content(headers, namesIndex, file), names.isTerminated else {
            throw ObjectFault("the names of its sections do not end, or are not there")
        }
        var sections: [Section] = []
        sections.reserveCapacity(count)
        for index in 0..<count {
            let at = index * sectionSize
            guard let nameOffset = headers.word(at: at), let type = headers.word(at: at + 4),
                let flags = headers.long(at: at + 8), let size = headers.long(at: at + 32),
                let link = headers.word(at: at + 40), let info = headers.word(at: at + 44),
                let name = names.text(at: nameOffset)
            else { throw ObjectFault("section \(index) has no name") }
            guard let content = content(headers, index, file) else {
                throw ObjectFault("section \(index) (\(name)) is not all in the file")
            }
            try checkRoom(name, type, size)
            sections.append(
                Section(
                    index: index, name: name, type: type, isCode: flags & 4 != 0, link: link, info: info, size: size,
                    content: content))
        }
        return sections
    }

    private static func content(_ headers: ByteView, _ index: Int, _ file: ByteView) -> ByteView? {
        let at = index * sectionSize
        guard let type = headers.word(at: at + 4), let start = headers.long(at: at + 24),
            let size = headers.long(at: at + 32)
        else { return nil }
        return type == noBits ? file.part(at: 0, count: 0) : file.part(at: start, count: size)
    }

    /// libbpf reads some sections by their names, whether they have bytes in the file or not.
    private static func checkRoom(_ name: String, _ type: Int, _ size: UInt64) throws(ObjectFault) {
        guard type == noBits else { return }
        if ["license", "version", ".maps", ".BTF", ".BTF.ext", ".struct_ops"].contains(name) {
            throw ObjectFault("section \(name) has no bytes in the file")
        }
        if size > UInt64(Int32.max) { throw ObjectFault("section \(name) has \(size) bytes") }
    }

    private static func symbols(
        _ table: Section, names: ByteView, _ sections: [Section]
    ) throws(ObjectFault) -> [Symbol] {
        guard table.content.count % symbolSize == 0 else {
            throw ObjectFault("the symbol table is not made of whole symbols")
        }
        var symbols: [Symbol] = []
        symbols.reserveCapacity(table.content.count / symbolSize)
        for at in stride(from: 0, to: table.content.count, by: symbolSize) {
            guard let name = table.content.word(at: at), let info = table.content.byte(at: at + 4),
                let section = table.content.half(at: at + 6), let value = table.content.long(at: at + 8),
                let size = table.content.long(at: at + 16)
            else { break }
            let symbol = Symbol(nameOffset: name, type: info & 0xf, section: section, value: value, size: size)
            guard name < names.count, section < sections.count || section >= firstReservedSection else {
                throw ObjectFault("symbol \(symbols.count) has no name, or is in a section that is not there")
            }
            symbols.append(symbol)
        }
        return symbols
    }

    // MARK: Code

    /// A function of a section that holds instructions.
    func functions(in section: Section) -> [Symbol] {
        symbols.filter { $0.section == section.index && $0.isFunction }
    }

    /// libbpf writes addresses into both halves of an instruction that loads 64 bits, and takes the second for granted.
    private func checkCode() throws(ObjectFault) {
        let load64: UInt8 = 0x18  // BPF_LD | BPF_IMM | BPF_DW
        for section in sections where section.isCode {
            for function in functions(in: section) {
                guard let code = section.content.part(at: function.value, count: function.size) else {
                    throw ObjectFault("function \(name(function)) is not all in its section \(section.name)")
                }
                var at = 0
                while at < code.count {
                    if code.byte(at: at) == load64 {
                        at += 8
                        guard code.byte(at: at) == 0 else {
                            throw ObjectFault(
                                "function \(name(function)) has half an instruction at byte \(at - 8)")
                        }
                    }
                    at += 8
                }
            }
        }
    }

    // MARK: Relocations

    /// Those of debug information are nobody's concern.
    private func isUsedRelocation(_ section: Section) -> Bool {
        guard section.type == Self.relocations else { return false }
        guard section.info < sections.count else { return true }
        let target = sections[section.info]
        return target.isCode || target.name == ".maps" || target.name == ".struct_ops"
            || [".rel.maps", ".rel.struct_ops"].contains(section.name)
    }

    private func check(_ section: Section, _ table: Section) throws(ObjectFault) {
        guard section.info < sections.count, section.link == table.index,
            section.content.count % Self.relocationSize == 0
        else { throw ObjectFault("the relocations \(section.name) are of no section, or without symbols") }
        let target = sections[section.info]
        for at in stride(from: 0, to: section.content.count, by: Self.relocationSize) {
            guard let offset = section.content.long(at: at), let symbol = section.content.word(at: at + 12) else {
                break
            }
            guard symbol < symbols.count, target.content.part(at: offset, count: 8) != nil, offset % 8 == 0 else {
                throw ObjectFault("relocation \(at / Self.relocationSize) of \(target.name) leads nowhere")
            }
        }
    }

    /// What is relocated in a section.
    func relocations(of target: Section) -> [Relocation] {
        sections.filter { $0.type == Self.relocations && $0.info == target.index }.flatMap { section in
            stride(from: 0, to: section.content.count, by: Self.relocationSize).compactMap { at in
                guard let offset = section.content.long(at: at), let symbol = section.content.word(at: at + 12),
                    symbol < symbols.count
                else { return nil }
                return Relocation(offset: offset, symbol: symbols[symbol])
            }
        }
    }
}
