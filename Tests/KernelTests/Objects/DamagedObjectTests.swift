// SPDX-License-Identifier: BSD-2-Clause

import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import BPF
@testable import PacketMetadata

/// Objects that are not what compilers make: refused with words, before libbpf sees them, wherever they come from.
@Suite(Kernel.required) struct DamagedObjectTests {
    /// An object's bytes, to be changed by the names of its sections and the numbers of its types.
    struct Editor {
        var bytes: [UInt8]

        init(_ name: String) throws { bytes = try Fixture.bytes(Fixture.object(name)) }

        private func number(_ at: Int, _ size: Int) -> Int {
            (0..<size).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
        }

        /// Where a section's entry is in the table of sections.
        func header(_ name: String) throws -> Int {
            let (start, count, namesIndex) = (number(40, 8), number(60, 2), number(62, 2))
            let names = number(start + 64 * namesIndex + 24, 8)
            let headers = (0..<count).map { start + 64 * $0 }
            return try #require(
                headers.first { header in
                    let text = bytes[(names + number(header, 4))...].prefix { $0 != 0 }
                    return String(decoding: text, as: UTF8.self) == name
                })
        }

        func place(_ section: String) throws -> (offset: Int, size: Int) {
            let header = try header(section)
            return (number(header + 24, 8), number(header + 32, 8))
        }

        mutating func setWord(_ value: UInt32, at offset: Int) {
            for byte in 0..<4 { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
        }

        /// The first type of a kind, that has members if the kind may have some: its number, and where it begins.
        func type(_ kind: BTFTypes.Kind) throws -> (number: UInt32, offset: Int) {
            let start = try place(".BTF").offset + 24
            return try ObjectImage.read(bytes.span) { (image) throws(ObjectFault) in
                guard let types = image.types else { throw ObjectFault("no types") }
                let members: Set<BTFTypes.Kind> = [.structure, .union, .prototype, .dataSection, .enumeration]
                let number = types.entries.indices.dropFirst().first { number in
                    let entry = types.entries[number]
                    return entry.kind == kind && (entry.memberCount > 0 || !members.contains(kind))
                }
                guard let number else { throw ObjectFault("no such type") }
                return (UInt32(number), start + types.entries[number].rest - 12)
            }
        }

        /// Where a table of `.BTF.ext` has its first record.
        func record(_ table: Int) throws -> Int {
            let start = try place(".BTF.ext").offset
            return start + number(start + 4, 4) + number(start + 8 + 8 * table, 4) + 4 + 8
        }
    }

    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let text: String
        let change: @Sendable (inout Editor) throws -> Void

        init(_ name: String, _ text: String, _ change: @escaping @Sendable (inout Editor) throws -> Void) {
            (testDescription, self.text, self.change) = (name, text, change)
        }
    }

    static let damages: [Damage] = [
        Damage("no ELF", "it is no ELF file") { $0.bytes[1] = 0 },
        Damage("32 bits", "of another word size") { $0.bytes[4] = 1 },
        Damage("big-endian", "of another word size or byte order") { $0.bytes[5] = 2 },
        Damage("cut off", "its table of sections is not all there") { $0.bytes.removeLast(70) },
        Damage("a section beyond the end", "(.BTF) is not all in the file") {
            $0.setWord(0x7fff_ffff, at: try $0.header(".BTF") + 24)
        },
        Damage("a licence without bytes", "section license has no bytes in the file") {
            $0.setWord(8, at: try $0.header("license") + 4)
        },
        Damage("a symbol in no section", "symbol 3 has no name, or is in a section that is not there") {
            $0.setWord(0xfe00_0000, at: try $0.place(".symtab").offset + 3 * 24 + 4)
        },
        Damage("a relocation of no symbol", "relocation 0 of xdp.frags leads nowhere") {
            $0.setWord(0xffff, at: try $0.place(".relxdp.frags").offset + 12)
        },
        Damage("a relocation of no place", "relocation 0 of .maps leads nowhere") {
            $0.setWord(0xffff_fff8, at: try $0.place(".rel.maps").offset)
        },
        Damage("half an instruction", "has half an instruction") {
            let (offset, size) = try $0.place("tc")
            $0.bytes[offset + size - 8] = 0x18
        },
        Damage("no BTF", ".BTF does not begin as BTF does") { $0.bytes[try $0.place(".BTF").offset] = 0 },
        Damage("types beyond the end", "the types or strings of .BTF are not all in it") {
            $0.setWord(0xffff_fff0, at: try $0.place(".BTF").offset + 12)
        },
        Damage("strings without an end", "the strings of .BTF do not begin or end with NUL") {
            let (offset, size) = try $0.place(".BTF")
            $0.bytes[offset + size - 1] = 0x61
        },
        Damage("an unknown kind", "is of the kind 31, which is not known") {
            $0.bytes[try $0.type(.integer).offset + 7] = 31
        },
        Damage("a name beyond the strings", "has its name beyond the strings") {
            $0.setWord(0x00ff_ffff, at: try $0.type(.typedef).offset)
        },
        Damage("a type that is not there", "leads to type 16777215, and there are 1 to") {
            $0.setWord(0x00ff_ffff, at: try $0.type(.typedef).offset + 8)
        },
        Damage("a member's type that is not there", "leads to type 16777215, and there are 1 to") {
            $0.setWord(0x00ff_ffff, at: try $0.type(.structure).offset + 12 + 4)
        },
        Damage("a member beyond its struct", "has member 0 at bit 16777215") {
            $0.setWord(0x00ff_ffff, at: try $0.type(.structure).offset + 12 + 8)
        },
        Damage("a struct in itself", "holds itself") {
            let (number, offset) = try $0.type(.structure)
            $0.setWord(number, at: offset + 12 + 4)
        },
        Damage("a typedef of itself", "holds itself") {
            let (number, offset) = try $0.type(.typedef)
            $0.setWord(number, at: offset + 8)
        },
        Damage("an array of itself", "holds itself") {
            let (number, offset) = try $0.type(.array)
            $0.setWord(number, at: offset + 12)
        },
        Damage("a function without prototype", "has no prototype") {
            $0.setWord(1, at: try $0.type(.function).offset + 8)
        },
        Damage("a section of no variables", "which is no variable") {
            $0.setWord(1, at: try $0.type(.dataSection).offset + 12)
        },
        Damage("instructions that are none", "the table of lines leads to byte 4 of") {
            $0.setWord(4, at: try $0.record(1))
        },
        Damage("a line's text that is not there", "the table of lines has a text beyond the strings") {
            $0.setWord(0x00ff_ffff, at: try $0.record(1) + 8)
        },
        Damage("a function's type that is none", "the table of functions leads to type 0") {
            $0.setWord(0, at: try $0.record(0) + 4)
        },
        Damage("a relocated type that is not there", "the table of relocations leads to type 16777215") {
            $0.setWord(0x00ff_ffff, at: try $0.record(2) + 4)
        },
        Damage("a relocation without path", "the table of relocations has no path") {
            $0.setWord(0, at: try $0.record(2) + 8)
        },
    ]

    static func damaged(_ damage: Damage) throws -> [UInt8] {
        var editor = try Editor("tail_calls")
        try damage.change(&editor)
        return editor.bytes
    }

    @Test(arguments: damages)
    func isRefusedWithWords(_ damage: Damage) throws {
        let bytes = try Self.damaged(damage)
        let fault = #expect(throws: ObjectFault.self) { try ObjectImage.read(bytes.span) { _ in } }
        #expect(fault?.text.contains(damage.text) == true, "\(fault?.text ?? "")")
        try Kernel.run {
            let bench = try RefusalTests.bench(fields: [["shared", "--type", "u32"]])
            let folder = try ScratchFolder()
            let path = try folder.write(bytes, as: "damaged.o")
            try RefusalTests.expectRefusal(
                bench, ["attach-to-interface", "far0", "--tc", "none", "--xdp", "\(path):begin"], exitCode: 65,
                saying: "damaged.o: it is not a BPF object that libbpf can read: ", damage.text)
        }
    }

    /// What an attachment keeps of its object is read as any file is.
    @Test func anObjectThatARegistryKeeps() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let object = AttachmentTests.object("tail_calls") + ":begin"
            #expect(try bench.command("attach-to-interface", "far0", "--tc", "none", "--xdp", object).exitCode == 0)
            #expect(try bench.command("register-field", "other", "--type", "u64").exitCode == 0)
            let member = try #require(try OwnMapsTests.members(bench).first)
            let record = try BPFMap(pinnedAt: member.folders.record)
            let value = try record.value
            let damage = try #require(Self.damages.first { $0.testDescription == "a typedef of itself" })
            let bytes = try Self.damaged(damage)
            try record.update(at: 0, Array(value.dropLast(bytes.count)) + bytes)

            let run = try bench.command("unregister-field", "other")
            #expect(run.exitCode == 65, "\(run.errors)")
            #expect(run.errors.contains("holds itself"), "\(run.errors)")
            for command in ["status", "inspect-map"] { #expect(try bench.command(command).exitCode == 0) }
            #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
        }
    }
}
