// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// What users name or ask for is told from what the system lacks, by the exit code too.
@Suite(Kernel.required) struct UsersFaultTests {
    typealias Bench = AttachmentTests.Bench

    static func asking(_ definition: String, _ folder: ScratchFolder) throws -> FilePath {
        try Fixture.Compiler.swift.compile(Fixture.source("asking.bpf.c"), in: folder, defining: [definition])
    }

    static func attach(_ bench: Bench, _ object: FilePath) throws -> CommandRun {
        try bench.command("attach-to-interface", VethPair.far, "--xdp", object.string)
    }

    // MARK: Objects

    @Test(arguments: [
        ("ASKS_FUNCTION", "'pktmeta_no_such_function': not found in kernel"),
        ("ASKS_VARIABLE", "'pktmeta_no_such_variable': not found in kernel"),
        ("ASKS_SYMBOL", "'pktmeta_no_such_symbol' (strong): not resolved"),
        ("ASKS_OPTION", "'CONFIG_PKTMETA_NO_SUCH_OPTION' (strong): not resolved"),
    ])
    func theKernelDoesNotHaveWhatAnObjectAsksFor(definition: String, text: String) throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let run = try Self.attach(Bench(), Self.asking(definition, folder))
            #expect(run.exitCode == 69, "\(run)")
            #expect(run.errors.contains(text) && run.errors.contains("__weak"), "\(run)")
        }
    }

    @Test func aRelocationIsDamaged() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            var bytes = try Fixture.bytes(Self.asking("ASKS_MEMBER", folder))
            // Which member of which is meant: the first of the first, and then one that the type does not have.
            let place = try #require(bytes.ranges(of: Array("\u{0}0:0\u{0}".utf8)).first)
            bytes[place.lowerBound + 3] = UInt8(ascii: "9")
            let run = try Self.attach(Bench(), folder.write(bytes, as: "damaged.bpf.o"))
            #expect(run.exitCode == 65, "\(run)")
            #expect(run.errors.contains("relo #"), "\(run)")
        }
    }

    @Test func anObjectWithoutTypes() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let object = try Self.asking("NOTHING", folder)
            let stripped = folder.path.appending("stripped.bpf.o")
            _ = try ChildProcess.run([
                "llvm-objcopy-14", "--remove-section=.BTF", "--remove-section=.BTF.ext", object.string, stripped.string,
            ])
            let run = try Self.attach(Bench(), stripped)
            #expect(run.exitCode == 65, "\(run)")
            #expect(run.errors.contains("Compile it with -g"), "\(run)")
        }
    }

    /// None is waited for, or read to an end that it does not have.
    @Test(.timeLimit(.minutes(1))) func whatIsNoObject() throws {
        try Kernel.run {
            let bench = try Bench()
            let folder = try ScratchFolder()
            let pipe = folder.path.appending("pipe")
            #expect(try ChildProcess.run(["mkfifo", pipe.string]).status == 0)
            for path: FilePath in ["/dev/zero", pipe] {
                let run = try Self.attach(bench, path)
                #expect(run.exitCode == 65 && run.errors.contains("it is no regular file"), "\(run)")
            }
            let large = folder.path.appending("large.bpf.o")
            for (size, text) in [((64 << 20) + 1, "more than the 64 MiB"), (64 << 20, "it is not a BPF object")] {
                #expect(try ChildProcess.run(["truncate", "-s", "\(size)", large.string]).status == 0)
                let run = try Self.attach(bench, large)
                #expect(run.exitCode == 65 && run.errors.contains(text), "\(run)")
            }
        }
    }

    // MARK: Names

    @Test func pathsThatAreTooLong() throws {
        try Kernel.run {
            let name = String(repeating: "x", count: 300)
            for command in [
                ["register-field", "tenant", "--type", "u8"], ["status"], ["delete-registry", "--force"],
                ["attach-to-interface", "lo"], ["inspect-map"],
            ] {
                let run = CommandRun(command + ["--registry", "/sys/fs/bpf/\(name)"])
                #expect(run.exitCode == 65 && run.errors.contains("(ENAMETOOLONG)"), "\(command): \(run)")
            }
        }
    }

    /// Of a namespace that cannot be opened for want of descriptors, nobody knows that it is not there.
    @Test func scarcityIsNotTheUsersFault() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["register-field", "shared", "--type", "u32"]])
            let attach = ["attach-to-interface", VethPair.far, "--xdp", Fixture.object("sharing_xdp").string]
            let files = try ScarcityTests.run(bench, ["prlimit", "--fsize=0"], attach)
            #expect(files.status == 73 && files.output.contains("(EFBIG)"), "\(files)")
            let netns = "/proc/\(ProcessID.current)/ns/net"
            for limit in 3...8 {
                let run = try ScarcityTests.run(
                    bench, ["prlimit", "--nofile=\(limit)"], attach + ["--netns", netns])
                #expect([70, 127].contains(run.status) || run.output.contains("(ENODEV)"), "\(limit): \(run)")
            }
            for megabytes in stride(from: 24, through: 96, by: 4) {
                let run = try ScarcityTests.run(bench, ["prlimit", "--as=\(megabytes << 20)"], attach)
                if run.status == 0 || run.status == 127 || run.status > 128 { continue }
                #expect(run.status == 70 && run.output.contains("(ENOMEM)"), "\(megabytes): \(run)")
            }
        }
    }

    // MARK: Pins by name

    /// They are the author's wish, and outside of what pktmeta takes away again.
    @Test func aMapThatIsPinnedByNameIsSaid() throws {
        try Kernel.run {
            let bench = try Bench()
            let name = "pktmeta_named_\(ProcessID.current)"
            let pin = "/sys/fs/bpf/\(name)"
            defer { _ = try? ChildProcess.run(["rm", "-f", pin]) }
            let folder = try ScratchFolder()
            let object = try Self.asking("PINNED_MAP=\(name)", folder)
            let first = try Self.attach(bench, object)
            #expect(first.exitCode == 0, "\(first)")
            let note = "note: map \(name) is pinned at \(pin), where its object asks for it"
            #expect(first.errors.contains("\(note): a new one;"), "\(first)")
            #expect(try bench.command("delete-registry", "--force").exitCode == 0)
            #expect(Folder.exists(FilePath(pin)))
            let second = try Self.attach(bench, object)
            #expect(second.errors.contains("\(note): the one that was there is used;"), "\(second)")
        }
    }

    // MARK: Sharing fields

    @Test func aFieldIsSharedWhoeverRegistersIt() throws {
        let scratch = ScratchRegistry()
        func register(_ more: String...) -> CommandRun {
            CommandRun(["register-field", "tenant", "--type", "u32", "--registry", scratch.path.string] + more)
        }
        let first = register("--owner", "acme")
        #expect(first.exitCode == 0)
        for again in [register(), register("--owner", "else")] {
            #expect(again.exitCode == 0 && again.output == first.output, "\(again)")
            #expect(again.errors == "note: tenant was registered before, by acme")
        }
        #expect(register("--owner", "acme").errors == "")
        let hidden = register("--private")
        #expect(hidden.exitCode == 73 && hidden.errors.contains("owner acme; asked for"), "\(hidden)")
    }

    /// The field that was meant, and those that were made.
    @Test func fieldsThatAreMissing() throws {
        try Kernel.run {
            let bench = try Bench()
            let object = Fixture.object("unread").string
            #expect(try bench.command("register-field", "word_fiedl", "--type", "u32").exitCode == 0)
            let refused = try bench.command("attach-to-interface", VethPair.far, "--xdp", object)
            #expect(refused.exitCode == 66 && refused.errors.contains("Did you mean word_fiedl? "), "\(refused)")
            let made = try bench.command("attach-to-interface", VethPair.far, "--xdp", object, "--register-missing")
            #expect(made.exitCode == 0, "\(made)")
            #expect(made.errors.contains("note: registered word_field, type u32, id 0x"), "\(made)")
        }
    }

    /// What was not attached is said, with the way to have both.
    @Test func thePrebuiltProgramsBesideOnesOwn() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("register-field", "word_field", "--type", "u32").exitCode == 0)
            #expect(try Self.attach(bench, Fixture.object("unread")).exitCode == 0)
            let run = try bench.command("attach-to-interface", VethPair.far)
            let hint = "the hook is left to it; --join --xdp prebuilt adds the prebuilt program"
            #expect(run.output.contains(hint), "\(run)")
            let joined = try bench.command(
                "attach-to-interface", VethPair.far, "--join", "--xdp", "prebuilt", "--first")
            #expect(joined.output.contains("producer attached"), "\(joined)")
        }
    }
}
