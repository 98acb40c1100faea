// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// `<pktmeta/xsk.h>` on frames in memory of its own, that end or begin where the memory does: Tests/Programs/xsk_frames.c.
@Suite(Kernel.required) struct XskMemoryTests {
    @Test(arguments: [32, 64, 208], [0, 20_000, 32_767])
    func framesMayLieAnywhere(capacity: Int, age: UInt32) throws {
        try Kernel.run {
            guard try Registry.isGranted(capacity) || capacity == 32 else {
                print("xsk: this kernel grants no area of \(capacity) bytes: not tried with that")
                return
            }
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path, capacity: capacity)
            // So that the generation's lower 16 bits wrap as areas get older.
            let first: UInt32 = 65_530
            try registry.setGeneration(first)
            for (name, type) in [("first", FieldType.u32), ("number", .u64)] {
                _ = try registry.register(FieldDefinition(name: FieldName(name), type: type))
            }
            let born = try #require(try registry.image().field(named: FieldName("number"))).layout.generation
            let now = try registry.image().word.changes
            let start = now - UInt32(UInt16(truncatingIfNeeded: now) &- born.number)
            try registry.setGeneration(start + age)

            let folder = try ScratchFolder()
            let program = folder.path.appending("xsk_frames").string
            let compiled = try ChildProcess.run([
                "gcc", "-std=c11", "-D_DEFAULT_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined",
                "-fno-sanitize-recover", "-I", Fixture.bpf.appending("include").string,
                Fixture.source("xsk_frames.c").string, "-o", program,
            ])
            try #require(compiled.status == 0, "\(compiled.output)")
            let run = try ChildProcess.run([program, scratch.path.string, "number", "\(age)"])
            #expect(run.status == 0 && run.output.hasSuffix("checks, 0 failures\n"), "\(run.output.suffix(2000))")
        }
    }
}
