// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

/// Commands that may not open files, take memory or put anything out.
@Suite(Kernel.required) struct ScarcityTests {
    static func run(_ bench: KillBench, _ prefix: [String], _ command: [String]) throws -> ChildProcess.Outcome {
        try bench.pair.inReceiver {
            try ChildProcess.run(prefix + [Fixture.command] + command + ["--registry", bench.scratch.path.string])
        }
    }

    private static let commands = [
        ["register-field", "fresh", "--type", "u8", "--source", "constant:9"], ["attach-to-interface", VethPair.far],
        ["compact"], ["unregister-field", "fresh"], ["detach-from-interface", VethPair.far], ["reset-state"],
    ]

    /// With any number of descriptors a command is done, or says what it lacks and is not done.
    @Test func fewDescriptors() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            var failures = 0
            for limit in [4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24] {
                for command in Self.commands {
                    let outcome = try Self.run(bench, ["prlimit", "--nofile=\(limit)"], command)
                    if outcome.status == 0 || outcome.status == 66 { continue }
                    #expect(outcome.status == 70, "\(limit) \(command): \(outcome)")
                    #expect(outcome.output.contains("(EMFILE)"), "\(limit) \(command): \(outcome)")
                    failures += 1
                }
                try expectNothingLost(bench)
            }
            #expect(failures > 10)
        }
    }

    /// The command line is read without /proc and without a descriptor: what was asked is done or refused, and never
    /// taken for a question for help.
    @Test func noDescriptorsAndNoProcFileSystem() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            for limit in [0, 1, 2, 3] {
                for command in Self.commands {
                    let outcome = try Self.run(bench, ["prlimit", "--nofile=\(limit)"], command)
                    // 127: the dynamic loader has no descriptor for a library.
                    #expect([70, 127].contains(outcome.status), "\(limit) \(command): \(outcome)")
                    #expect(!outcome.output.contains("OVERVIEW"), "\(limit) \(command): \(outcome)")
                }
            }
            let withoutProc = ["unshare", "--mount", "sh", "-c", "umount -l /proc; exec \"$0\" \"$@\""]
            for command in Self.commands {
                let outcome = try Self.run(bench, withoutProc, command)
                #expect(!outcome.output.contains("OVERVIEW") && outcome.status < 128, "\(command): \(outcome)")
            }
            let unknown = try Self.run(bench, withoutProc, ["no-such-command"])
            #expect(unknown.status == 64, "\(unknown)")
            try expectNothingLost(bench)
        }
    }

    /// A limit on the size of files is met like a full disk, and leaves nothing behind.
    @Test func filesMayNotBecomeLong() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            let folder = try ScratchFolder()
            let file = folder.path.appending("types")
            for command in [["export-btf", file.string], ["generate-header", file.string]] {
                let outcome = try Self.run(bench, ["prlimit", "--fsize=100"], command)
                #expect(outcome.status == 74 && outcome.output.contains("(EFBIG)"), "\(command): \(outcome)")
                #expect(try Folder.names(in: folder.path) == [])
            }
        }
    }

    /// In whatever way the file is not there, or none, nobody takes that for damage of the registry.
    @Test(arguments: [
        "mount -t tmpfs none /sys/devices/system/cpu", "mount --bind /dev/null /sys/devices/system/cpu/possible",
        "mount --bind /proc/self/comm /sys/devices/system/cpu/possible",
    ])
    func theFileOfPossibleCPUsIsNone(mount: String) throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"], ["attach-to-interface", VethPair.far]])
            let prefix = ["unshare", "--mount", "sh", "-c", mount + "; exec \"$0\" \"$@\""]
            for command in Self.commands.dropLast() + [
                ["inspect-map"], ["status"], ["repair"], ["watch", VethPair.far],
            ] {
                let outcome = try Self.run(bench, prefix, command)
                #expect(outcome.status == 70, "\(command): \(outcome)")
                #expect(outcome.output.contains("/sys/devices/system/cpu/possible tells no number"), "\(outcome)")
                #expect(!outcome.output.contains("damaged") && !outcome.output.contains("--force"), "\(outcome)")
            }
            let doctor = try Self.run(bench, prefix, ["doctor"])
            #expect(doctor.output.contains("/sys/devices/system/cpu/possible tells no"), "\(doctor)")
            #expect(!doctor.output.contains("verifier") && doctor.status == 69, "\(doctor)")
            try expectNothingLost(bench)
        }
    }

    /// What takes /proc says so, and not that something else is gone.
    @Test func withoutProcTheCauseIsNamed() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            let name = "pktmeta-test-\(ProcessID.current)-proc"
            let added = try ChildProcess.run(["ip", "netns", "add", name])
            #expect(added.status == 0, "\(added)")
            defer { _ = try? ChildProcess.run(["ip", "netns", "delete", name]) }
            let prefix = ["unshare", "--mount", "sh", "-c", "umount -l /proc; exec \"$0\" \"$@\""]
            for command in ["watch", "attach-to-interface", "detach-from-interface"] {
                let outcome = try Self.run(bench, prefix, [command, "lo", "--netns", name])
                #expect(outcome.status == 69 && outcome.output.contains("/proc, which is not mounted"), "\(outcome)")
            }
            let doctor = try bench.pair.inReceiver {
                try ChildProcess.run(prefix + [Fixture.command, "doctor", "--registry", "\(bench.scratch.path)-none"])
            }
            #expect(doctor.output.contains("by way of /proc"), "\(doctor)")
            #expect(!doctor.output.contains("parse target BTF"), "\(doctor)")
            try expectNothingLost(bench)
        }
    }

    /// Containers may see another number of CPUs than the kernel has, which writes that many values.
    @Test func theFileOfPossibleCPUsIsWrong() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            let folder = try ScratchFolder()
            func run(_ cpus: String, _ command: [String]) throws -> ChildProcess.Outcome {
                let file = try folder.write(Array("\(cpus)\n".utf8), as: "possible")
                let mount = "mount --bind \(file) /sys/devices/system/cpu/possible; exec \"$0\" \"$@\""
                return try Self.run(bench, ["unshare", "--mount", "sh", "-c", mount], command)
            }
            let more = "0-\(try possibleCPUs() + 6)"
            for command in Self.commands + [["inspect-map"]] {
                let outcome = try run("0", command)
                #expect(outcome.status == 70, "\(command): \(outcome)")
                #expect(outcome.output.contains("has more CPUs than 1, as /sys/devices/system/cpu/possible says"))
                // Values for CPUs that are not there are zero.
                #expect([0, 66].contains(try run(more, command).status), "\(command)")
            }
            try expectNothingLost(bench)
        }
    }

    /// Likewise with little memory; a process that the runtime stops for lack of it is one that was killed.
    @Test func littleMemory() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            var failures = 0
            for megabytes in stride(from: 20, through: 80, by: 6) {
                for command in Self.commands {
                    let outcome = try Self.run(bench, ["prlimit", "--as=\(megabytes << 20)"], command)
                    if outcome.status == 0 || outcome.status == 66 { continue }
                    failures += 1
                    // 127: not even its libraries could be loaded.
                    if outcome.status == 127 || outcome.status > 128 { continue }
                    #expect(outcome.output.contains("(ENOMEM)"), "\(megabytes) \(command): \(outcome)")
                }
                try expectNothingLost(bench)
            }
            #expect(failures > 5)
        }
    }

    private func expectNothingLost(_ bench: KillBench) throws {
        #expect(try bench.view()?.problems == [])
        try bench.run([["register-field", "probe", "--type", "u8"], ["unregister-field", "probe"]])
        #expect(try eventually { try bench.leaks().isEmpty })
        try bench.run(Self.commands.suffix(2), allowing: [66])
        #expect(bench.pins == Set(["."] + ScratchRegistry.partsOfEmpty))
    }

    // MARK: Outputs

    /// Where the answer cannot be put out, what was asked for is done all the same, and the exit code says so.
    @Test(arguments: ["> /dev/full", ">&-", "<&- >&- 2>&-"])
    func whatCannotBePutOutIsDone(_ redirection: String) throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            func run(_ command: [String]) throws -> Int32 {
                try Self.run(bench, ["sh", "-c", "exec \"$0\" \"$@\" \(redirection)"], command).status
            }
            #expect(try run(Self.commands[0]) == 74)
            #expect(try bench.view()?.names == ["fresh"])
            #expect(try run(Self.commands[1]) == 74)
            for hook in ["xdp", "tc_ingress"] { _ = try bench.pin(hook, "link") }
            for command in [
                ["inspect-map"], ["inspect-map", "--json"], ["compact"], ["export-btf"], ["generate-header"],
                ["reset-state"], ["layout-digest"],
            ] {
                #expect(try run(command) == 74, "\(command)")
            }
            #expect(try run(Self.commands[4]) == 74)
            #expect(bench.pins == Set(["."] + ScratchRegistry.partsOfEmpty))
            // This has nothing to say.
            #expect(try run(Self.commands[3]) == 0)
            #expect(try run(["delete-registry", "--force"]) == 74)
            #expect(bench.pins.isEmpty)
        }
    }

    /// Why, and that it is done if something was, goes where errors go.
    @Test(arguments: ["> /dev/full": "No space left on device (ENOSPC)", ">&-": "Bad file descriptor (EBADF)"])
    func whatCannotBePutOutIsSaid(_ redirection: String, _ reason: String) throws {
        try Kernel.run {
            let bench = try KillBench()
            let changing = [Self.commands[0], Self.commands[1], Self.commands[4]]
            let others = [
                Self.commands[0], Self.commands[2], ["inspect-map"], ["inspect-map", "--json"], ["status"],
                ["status", "--help"], ["watch", VethPair.far, "--count=0", "--json"],
                ["attach-to-interface", "nosuch", "--json"],
            ]
            for (command, changes) in changing.map({ ($0, true) }) + others.map({ ($0, false) }) {
                let outcome = try Self.run(bench, ["sh", "-c", "exec \"$0\" \"$@\" \(redirection)"], command)
                #expect(outcome.status == 74, "\(command): \(outcome)")
                #expect(outcome.output.contains("pktmeta: cannot write the output: \(reason)"), "\(outcome.output)")
                let deed = "What the command has changed stays changed; only its answer is lost."
                #expect(outcome.output.contains(deed) == changes, "\(command): \(outcome.output)")
            }
        }
    }

    /// A note that nobody reads is no reason to stop.
    @Test(arguments: ["2> /dev/full", "2>&-", "<&- 2>&-"])
    func notesThatCannotBePutOutAreDropped(_ redirection: String) throws {
        try Kernel.run {
            let bench = try KillBench()
            let outcome = try Self.run(bench, ["sh", "-c", "exec \"$0\" \"$@\" \(redirection)"], Self.commands[0])
            #expect(outcome.status == 0)
            #expect(outcome.output.hasPrefix("0x"))
            #expect(try bench.view()?.names == ["fresh"])
        }
    }

    /// What others have written to the output before stays.
    @Test func theOutputByAnotherNameIsWrittenTo() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            let folder = try ScratchFolder()
            let file = folder.path.appending("output").string
            let script = "{ echo before; \"$0\" \"$@\"; echo after; } > \(file)"
            let outcome = try Self.run(bench, ["sh", "-c", script], ["export-fields", "/dev/stdout"])
            #expect(outcome.status == 0, "\(outcome.output)")
            let written = try WholeFile.text(FilePath(file))
            #expect(written.hasPrefix("before\n") && written.hasSuffix("after\n") && written.count > 20, "\(written)")
        }
    }

    /// Opened while the output is closed, a file would get the output's number; and /dev/stdout, which leads nowhere
    /// then, must not be taken for a file to be made.
    @Test func aClosedOutputIsNoFile() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run([["create-registry"]])
            let folder = try ScratchFolder()
            let output = folder.path.appending("output").string
            _ = try ChildProcess.run(["ln", "-s", "/proc/self/fd/1", output])
            let outcome = try Self.run(bench, ["sh", "-c", "exec \"$0\" \"$@\" <&- >&-"], ["export-btf", output])
            #expect(outcome.status != 0)
            let link = try ChildProcess.run(["readlink", output])
            #expect(link.output == "/proc/self/fd/1\n")
        }
    }
}
