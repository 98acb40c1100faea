// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// Paths of objects and registries that say more than one thing.
@Suite(Kernel.required) struct PathTests {
    /// `OBJECT:PROGRAM` ends in the last colon; what is a file's path as a whole has no program in it.
    @Test func colonsInAnObjectsPath() throws {
        try Kernel.run {
            let bench = try RefusalTests.bench()
            let folder = try ScratchFolder()
            let bytes = try Fixture.bytes(Fixture.object("inject_area"))
            let single = try Fixture.bytes(Fixture.object("contract_xdp"))
            _ = try folder.write(bytes, as: "two:programs.o")
            _ = try folder.write(single, as: "one:program.o")
            _ = try folder.write(single, as: "two:programs.o:inject")
            func attach(_ object: String) throws -> CommandRun {
                try bench.command(
                    "attach-to-interface", "far0", "--tc", "none", "--xdp", folder.path.appending(object).string)
            }
            let whole = try attach("one:program.o")
            #expect(whole.output == "far0: XDP: contract attached (native)", "\(whole.errors)")
            let named = try attach("one:program.o:contract")
            #expect(named.output == "far0: XDP: contract unchanged (native)", "\(named.errors)")
            let program = try attach("two:programs.o:unused")
            #expect(program.output.contains("far0: XDP: unused "), "\(program.errors)")
            let file = try attach("two:programs.o:inject")
            #expect(file.output.contains("far0: XDP: contract "), "\(file.errors)")
            let missing = try attach("no:such.o")
            #expect(missing.exitCode == 65)
            #expect(missing.errors.contains("cannot read the object \(folder.path)/no: "), "\(missing.errors)")
            #expect(try attach("one:program.o:").exitCode == 64)
        }
    }

    /// The kernel refuses a dot in a BPF file system as if a privilege were lacking; elsewhere it is a name as any.
    @Test func dotsInARegistrysPath() throws {
        let folder = try ScratchFolder()
        let script = """
            mkdir \(folder.path)/mount.point \(folder.path)/no.mount
            mount -t bpf bpf \(folder.path)/mount.point
            for path in mount.point/a.b mount.point/a/b.c no.mount/a.b mount.point/good; do
                timeout 30 \(Fixture.command) register-field tenant --type u32 --registry \(folder.path)/$path 2>&1 |
                    sed "s#\(folder.path)/##g; s/ (EPERM)//" | head -1
                timeout 30 \(Fixture.command) inspect-map --registry \(folder.path)/$path > /dev/null 2>&1
                echo $?
            done
            """
        let sharing = ["--mount", "--propagation", "private"]
        let lines = try OddWorldTests.run(script, registry: "unused", sharing: sharing + ["--net"])
        let refusal = "a BPF file system takes no dots in names, and"
        #expect(
            lines.filter { !$0.hasPrefix("0x") } == [
                "pktmeta: bad registry path 'mount.point/a.b': \(refusal) a.b has one", "64",
                "pktmeta: bad registry path 'mount.point/a/b.c': \(refusal) b.c has one", "64",
                "pktmeta: cannot create the registry no.mount/a.b: no.mount/a.b is not in a BPF file system", "66", "0",
            ], "\(lines)")
    }
}
