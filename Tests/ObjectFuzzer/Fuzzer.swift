// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Glibc
import Linux
import SystemPackage

/// Opens and loads changed objects, one after the other, and says which before it does: if this process crashes, its last
/// line is the change that did it.
///
/// `object-fuzzer TYPES OBJECT FIRST COUNT [print]`: TYPES is a file of BTF to relocate against, as `export-btf` writes it;
/// FIRST and COUNT are numbers of changes. `print` also writes what was loaded, or why not.
@main struct Fuzzer {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 5, let first = Int(arguments[3]), let count = Int(arguments[4]) else {
            say("usage: object-fuzzer TYPES OBJECT FIRST COUNT [print]")
            exit(64)
        }
        let original = try WholeFile.read(FilePath(arguments[2]))
        let fuzzer = Fuzzer(types: arguments[1], isPrinting: arguments.count > 5)
        var tally = Tally()
        for number in first..<first + count {
            let mutation = Mutation(original, number: number)
            say("\(number): \(mutation.text)")
            fuzzer.open(mutation.bytes, &tally)
        }
        say("opened \(tally.opened), loaded \(tally.loaded) of \(count)")
    }

    /// Not kept in a buffer, which a crash would take along.
    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }

    struct Tally {
        var (opened, loaded) = (0, 0)
    }

    let types: String
    let isPrinting: Bool

    private func open(_ bytes: [UInt8], _ tally: inout Tally) {
        do {
            let names = try relocatedTypes(inObject: bytes.span)
            let programs = try read(bytes)
            tally.opened += 1
            // One of each kind of place is enough to have libbpf go through all parts of the object.
            for program in programs.prefix(2) {
                // Without types of its own it would be relocated against the kernel's, which takes a while to read.
                let object = try BPFObject(bytes: bytes, name: "fuzzed", typesPath: types)
                _ = try object.load(only: program)
            }
            tally.loaded += 1
            if isPrinting { Self.say("  loaded \(programs), which relocate \(names.count) types") }
        } catch {
            if isPrinting { Self.say("  \(error)") }
        }
    }

    /// What a command asks an object for before it loads it.
    private func read(_ bytes: [UInt8]) throws(BPFError) -> [String] {
        let object = try BPFObject(bytes: bytes, name: "fuzzed", typesPath: types)
        for name in object.mapNames { _ = object.mapShape(name) }
        _ = object.hasConstant("pktmeta_table")
        _ = object.setConstant("pktmeta_table", to: [0])
        for name in object.withTypes({ $0.enums(prefix: "") }) ?? [] {
            let field = name.split(separator: "_").last.map { "pktmeta_field_\($0)" } ?? name
            _ = object.withTypes { $0.type(ofMember: "declared", in: field) }
            _ = object.withTypes { $0.structLayout(field) }
        }
        return object.programs.map(\.name)
    }
}
