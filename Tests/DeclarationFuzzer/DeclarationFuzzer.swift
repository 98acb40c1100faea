// SPDX-License-Identifier: BSD-2-Clause

import DeclarationFiles
import Glibc
import PacketMetadata
import RegistryModel
import SystemPackage

/// Reads changed documents, one after the other, and says which before it does: if this process crashes, its last line is
/// the number of the one that did it.
///
/// `declaration-fuzzer FIRST COUNT [print]`, with the documents that are changed at the input, a line with a NUL between
/// each two. `print` also writes the changed document, and what became of it.
@main struct DeclarationFuzzer {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let first = Int(arguments[1]), let count = Int(arguments[2]) else {
            say("usage: declaration-fuzzer FIRST COUNT [print] < DOCUMENTS")
            exit(64)
        }
        var input: [UInt8] = []
        while let line = readLine(strippingNewline: false) { input += line.utf8 }
        let originals = input.split(separator: 0).map { Array($0) }
        let isPrinting = arguments.count > 3
        var read = 0
        for number in first..<first + count {
            say("\(number)")
            let document = ChangedDocument(originals, number: number)
            if isPrinting { say(String(decoding: document.bytes, as: UTF8.self)) }
            do throws(PacketMetadataError) {
                let declaration = try DeclarationFiles.read(bytes: document.bytes, named: "d", in: "/nonexistent")
                read += 1
                try expectTheSame(declaration, number)
            } catch {
                expectPlaces(error, number)
                if isPrinting { say("\(error)") }
            }
        }
        say("read \(read) of \(count)")
    }

    /// Not kept in a buffer, which a crash would take along.
    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }

    private static func fail(_ number: Int, _ text: String) -> Never {
        say("\(number): \(text)")
        exit(1)
    }

    private static func expectTheSame(_ declaration: HostDeclaration, _ number: Int) throws(PacketMetadataError) {
        let writer = DeclarationWriter(declaration)
        for text in [writer.yaml, writer.json] {
            do throws(PacketMetadataError) {
                let again = try DeclarationFiles.read(bytes: Array(text.utf8), named: "d", in: "/nonexistent")
                let written = DeclarationWriter(again)
                if (written.yaml, written.json) != (writer.yaml, writer.json) {
                    fail(number, "is written otherwise: \(text)")
                }
            } catch {
                fail(number, "is not read again, \(error): \(text)")
            }
        }
    }

    private static func expectPlaces(_ error: PacketMetadataError, _ number: Int) {
        guard case DeclarationRefusal.faultyDocuments(let faults, _) = error.refusal, !faults.isEmpty,
            faults.count <= DeclarationRefusal.mostFaults
        else { fail(number, "is refused otherwise: \(error)") }
        for fault in faults {
            guard let place = fault.place, place.line > 0, place.column > 0 else {
                fail(number, "has no place: \(fault)")
            }
        }
    }
}
