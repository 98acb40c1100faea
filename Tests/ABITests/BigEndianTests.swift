// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// Of kernels that are big-endian: all programs compile for them. None has run there.
@Suite struct BigEndianTests {
    private static let folders = ["programs", "examples", "bench"]

    @Test(arguments: folders) func eachProgramCompiles(folder: String) throws {
        let scratch = try ScratchFolder()
        let names = try FileManager.default.contentsOfDirectory(atPath: Fixture.bpf.appending(folder).string)
        let programs = names.filter { $0.hasSuffix(".bpf.c") }
        #expect(!programs.isEmpty)
        for name in programs {
            let object = scratch.path.appending(name + ".o")
            let compiled = try ChildProcess.run([
                Fixture.bpf.appending("compile").string, Fixture.Compiler.swift.command,
                Fixture.bpf.appending("\(folder)/\(name)").string, object.string, "-target", "bpfeb",
            ])
            try #require(compiled.status == 0, "\(name): \(compiled.output)")
            // EI_DATA of its ELF header (elf(5)): 2 is ELFDATA2MSB.
            #expect(try Fixture.bytes(object)[5] == 2, "\(name)")
        }
    }
}
