// SPDX-License-Identifier: BSD-2-Clause

import BPFObjects
import BenchObjects
import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import BPF

/// Objects that were changed somewhere, opened and loaded: refused or not, but never a crash.
///
/// `PKTMETA_FUZZ_MUTATIONS` says how many changes of each object, and `PKTMETA_FUZZ_FIRST` the number of the first, which
/// tells what is changed; `make fuzz` tries 1,000.
@Suite(Kernel.required) struct FuzzTests {
    private static func number(_ variable: String) -> Int? {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
    }
    static let count = number("PKTMETA_FUZZ_MUTATIONS") ?? 40
    static let first = number("PKTMETA_FUZZ_FIRST") ?? 0

    static let objects = [
        "bound_xdp", "bound_tc", "bound_kernel_types", "contract_xdp", "own_maps", "tail_calls", "sharing_tc",
        "exported_live",
    ]

    /// The fuzzer, built beside the tests.
    static var fuzzer: String { Fixture.builtFolder.appending("object-fuzzer").string }

    /// A file of the types that the objects' fields are relocated against.
    static func types(_ folder: ScratchFolder) throws -> String {
        let scratch = ScratchRegistry()
        for name in ["shared", "word_field", "long_field"] {
            #expect(RegistryTests.command(scratch, "register-field", name, "--type", "u32").exitCode == 0)
        }
        let file = folder.path.appending("types").string
        #expect(RegistryTests.command(scratch, "export-btf", file).exitCode == 0)
        return file
    }

    @Test(arguments: objects)
    func aChangedObjectIsNoCrash(_ name: String) throws {
        let folder = try ScratchFolder()
        let types = try Self.types(folder)
        let (object, end) = (Fixture.object(name).string, Self.first + Self.count)
        var next = Self.first
        while next < end {
            let arguments = [Self.fuzzer, types, object, "\(next)", "\(end - next)"]
            let outcome = try ChildProcess.run(["timeout", "600"] + arguments)
            if outcome.status == 0 { break }
            // The last change that was begun is what it was.
            let lines = outcome.output.split(separator: "\n")
            let last = lines.last { $0.first?.isNumber == true && $0.contains(": ") }
            let number = last.flatMap { Int($0.prefix { $0 != ":" }) } ?? end
            Issue.record(
                "\(last ?? "nothing begun"): ended by \(outcome.status): object-fuzzer TYPES \(object) \(number) 1 print"
            )
            next = number + 1
        }
    }

    /// All objects that are built here are sound.
    @Test func nothingSoundIsRefused() throws {
        let folders = ["tests", "tests-clang-14", "examples", "examples-clang-14", "bench-clang-14"]
        var count = 0
        for object in CarriedObject.prebuilt + CarriedObject.compared {
            #expect(throws: Never.self, "carried \(object.name)") {
                try object.withBytes { try ObjectImage.read($0) { _ in } }
            }
            count += 1
        }
        for folder in folders {
            let path = Fixture.object("x").removingLastComponent().removingLastComponent().appending(folder)
            for name in try Folder.names(in: path) where name.hasSuffix(".bpf.o") {
                let bytes = try Fixture.bytes(path.appending(name))
                #expect(throws: Never.self, "\(folder)/\(name)") { try ObjectImage.read(bytes.span) { _ in } }
                count += 1
            }
        }
        #expect(count > 100)
    }
}
