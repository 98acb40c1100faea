// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Registries of which a part is missing, or is not what it should be: one exit code, the truth, and a remedy that works.
@Suite(Kernel.required) struct DamagedAttachmentTests {
    typealias Bench = AttachmentTests.Bench

    /// In a shell, in the folder of attachments; and how the programs at TC ingress are attached.
    static let damages = [
        ("rm *-tc_ingress-*/current/0/record", "tcx"), ("rm *-tc_ingress-*/current/0/record", "clsact"),
        ("rm *-tc_ingress-*/current/0/program", "clsact"), ("rm *-xdp-*/current/0/record", "tcx"),
        ("rm *-xdp-*/current/1/program", "tcx"), ("rm *-xdp-*/current/0/successor", "tcx"),
        ("rm -r *-xdp-*/current", "tcx"), ("mkdir foo", "tcx"), ("ln -s /tmp foo", "tcx"),
        ("mkdir -p 1-2-xdp-7/current/0", "tcx"),
    ]

    private static func bench(_ damage: String, _ mode: String) throws -> Bench {
        let bench = try ChainTests.bench()
        let attached = try bench.command(
            "attach-to-interface", "far0", "--tc", "prebuilt", "--tc-mode", mode, "--xdp", "prebuilt", "--xdp",
            ChainTests.stamp)
        #expect(attached.exitCode == 0, "\(attached.errors)")
        try shell("cd \(bench.scratch.path)/attachments && \(damage)")
        return bench
    }

    private static func shell(_ script: String) throws {
        let outcome = try ChildProcess.run(["sh", "-c", script])
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    private static func programs(_ bench: Bench, _ hook: Hook) throws -> [UInt32] {
        try bench.pair.inReceiver { try hook.programIDs(ifindex: NetworkInterface(named: VethPair.far).index) }
    }

    @Test(arguments: damages)
    func whatCannotBeReadIsSaidAndDropped(_ damage: String, _ mode: String) throws {
        try Kernel.run {
            let bench = try Self.bench(damage, mode)
            let status = try bench.command("status")
            #expect(status.exitCode == 0, "\(status.errors)")
            #expect(status.output.contains("\ndamaged: \(bench.scratch.path)/attachments/"), "\(status.output)")
            #expect(status.output.contains("far0"), "the others are shown")
            let users = try bench.command("inspect-map", "registry")
            #expect(!users.output.contains("?"), "\(users.output)")
            let doctor = try bench.command("doctor")
            #expect(doctor.output.contains(/broken +registry +the attachment/), "\(doctor.output)")

            let remedy = "pktmeta repair --registry \(bench.scratch.path)"
            for command in [
                ["register-field", "more", "--type", "u8"], ["unregister-field", "shared"], ["compact"],
                ["attach-to-interface", "far0"], ["detach-from-interface", "far0"],
            ] {
                let run = try bench.pair.inReceiver { CommandRun(command + ["--registry", bench.scratch.path.string]) }
                #expect(run.exitCode == 65, "\(command): \(run.errors)")
                #expect(run.errors.contains(remedy), "\(command): \(run.errors)")
            }
            let repair = try bench.command("repair")
            #expect(
                repair.exitCode == 0 && repair.output.contains("dropped the damaged attachment"), "\(repair.errors)")
            #expect(try bench.command("repair").output == "nothing to repair")
            #expect(try bench.command("register-field", "more", "--type", "u8").exitCode == 0)
            // What was dropped holds its hook no longer, and what was not still does.
            let (xdp, tc) = (damage.contains("xdp-*"), damage.contains("tc_ingress"))
            let isFree = try eventually {
                try Self.programs(bench, .xdp).isEmpty == xdp && Self.programs(bench, .tcIngress).isEmpty == tc
            }
            #expect(isFree)
            #expect(try bench.command("attach-to-interface", "far0", "--tc-mode", mode).exitCode == 0)
        }
    }

    @Test(arguments: damages)
    func whatCannotBeReadGoesWithItsRegistry(_ damage: String, _ mode: String) throws {
        try Kernel.run {
            let bench = try Self.bench(damage, mode)
            let deleted = try bench.command("delete-registry", "--force")
            #expect(deleted.exitCode == 0, "\(deleted.errors)")
            #expect(!Folder.exists(bench.scratch.path))
            let isFree = try eventually {
                try Self.programs(bench, .xdp).isEmpty && Self.programs(bench, .tcIngress).isEmpty
            }
            #expect(isFree)
        }
    }

    /// One that an older version has let be made there is passed, and keeps its folder from going.
    @Test func aRegistryAmongTheAttachments() throws {
        try Kernel.run {
            let bench = try Self.bench("true", "tcx")
            let other = ScratchRegistry()
            #expect(CommandRun(["create-registry", "--registry", other.path.string]).exitCode == 0)
            let inner = bench.scratch.path.appending("attachments/inner")
            try Self.shell("mv \(other.path) \(inner)")
            #expect(try bench.command("register-field", "more", "--type", "u8").exitCode == 0)
            #expect(try bench.command("repair").output == "nothing to repair")
            #expect(CommandRun(["register-field", "own", "--type", "u8", "--registry", inner.string]).exitCode == 0)
            let refused = try bench.command("delete-registry", "--force")
            #expect(refused.exitCode == 73, "\(refused.errors)")
            #expect(refused.errors.contains("pktmeta delete-registry --force --registry \(inner)"), "\(refused.errors)")
            #expect(try !Self.programs(bench, .xdp).isEmpty, "nothing is detached")
            #expect(CommandRun(["delete-registry", "--force", "--registry", inner.string]).exitCode == 0)
            #expect(try bench.command("delete-registry", "--force").exitCode == 0)
        }
    }

    @Test(arguments: ["attachments/x", "attachments/x/y", "lock", "lock/x", "registry/x", "state", "own"])
    func noRegistryIsMadeInAnother(_ place: String) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            #expect(CommandRun(["create-registry", "--registry", scratch.path.string]).exitCode == 0)
            let pins = scratch.pins
            for command in [["create-registry"], ["register-field", "x", "--type", "u8"]] {
                let run = CommandRun(command + ["--registry", scratch.path.appending(place).string])
                #expect(run.exitCode == 65, "\(run.errors)")
                #expect(run.errors.contains("is in the folder of another registry, \(scratch.path)"), "\(run.errors)")
            }
            #expect(scratch.pins == pins)
        }
    }

    // MARK: The registry's own parts

    /// In a shell, in the registry's folder; and what is said of it.
    static let parts = [
        ("rm state", "state is missing (ENOENT)"), ("rm registry", "registry is missing (ENOENT)"),
        ("rm state && mkdir state", "state is a folder, and no pin (EISDIR)"),
        ("rm registry && mkdir registry", "registry is a folder, and no pin (EISDIR)"),
        ("rmdir lock && ln -s /tmp lock", "lock is a symbolic link, and no folder (ELOOP)"),
    ]

    @Test(arguments: parts)
    func aPartIsMissing(_ damage: String, _ reason: String) throws {
        try Kernel.run {
            let bench = try Self.bench("true", "tcx")
            try Self.shell("cd \(bench.scratch.path) && \(damage)")
            let command = "pktmeta delete-registry --force --registry \(bench.scratch.path)"
            for arguments in [["register-field", "more", "--type", "u8"], ["create-registry"], ["repair"]] {
                let run = CommandRun(arguments + ["--registry", bench.scratch.path.string])
                if arguments == ["create-registry"], damage.contains("lock"), !reason.contains("state") {
                    continue  // it is there, and nothing is to be changed
                }
                #expect(run.exitCode == 65, "\(arguments): \(run.errors)")
                #expect(run.errors.contains(reason) && run.errors.contains(command), "\(arguments): \(run.errors)")
            }
            let doctor = try bench.command("doctor")
            #expect(doctor.output.contains(/broken +registry/), "\(doctor.output)")
            #expect(try bench.command("delete-registry", "--force").exitCode == 0)
            #expect(!Folder.exists(bench.scratch.path))
            let isFree = try eventually {
                try Self.programs(bench, .xdp).isEmpty && Self.programs(bench, .tcIngress).isEmpty
            }
            #expect(isFree)
            #expect(try bench.command("register-field", "more", "--type", "u8").exitCode == 0)
        }
    }

    /// Without them commands go on, and make them.
    @Test(arguments: ["lock", "attachments"])
    func aFolderIsMissing(_ name: String) throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            try Self.shell("rmdir \(bench.scratch.path)/\(name)")
            #expect(try bench.command("attach-to-interface", "far0").exitCode == 0)
            #expect(try Self.programs(bench, .xdp).count == 1)
            #expect(try bench.command("delete-registry", "--force").exitCode == 0)
        }
    }

    /// What is not pktmeta's is not removed with it, and no lock is left behind.
    @Test func aFolderOfOthersInThePlaceOfAPart() throws {
        try Kernel.run {
            let bench = try Self.bench("true", "tcx")
            let path = bench.scratch.path
            try Self.shell("cd \(path) && rmdir lock && rm registry && mkdir -p registry/theirs")
            let pins = bench.scratch.pins
            let run = try bench.command("delete-registry", "--force")
            #expect(run.exitCode == 65 && run.errors.contains("rm -r \(path)/registry"), "\(run.errors)")
            #expect(bench.scratch.pins == pins)
            try Self.shell("rm -r \(path)/registry")
            #expect(try bench.command("delete-registry", "--force").exitCode == 0)
        }
    }

    /// The root's mode is everybody's matter.
    @Test func noRegistryIsMadeInTheRootOfAFileSystem() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let script = """
                mount -t bpf -o mode=1700 bpf \(folder.path)
                pktmeta create-registry --mode-bits 0644 2>&1 | grep -c -e "--registry \(folder.path)/pktmeta"
                try create-registry --mode-bits 0644
                try register-field x --type u8
                stat -c %a \(folder.path)
                mkdir \(folder.path)/own
                quietly \(Fixture.command) create-registry --registry \(folder.path)/own
                mv \(folder.path)/own/* \(folder.path)
                try inspect-map
                try create-registry --mode-bits 0644
                stat -c %a \(folder.path)
                try delete-registry --force
                ls -A \(folder.path) | grep -v debug
                """
            let lines = try OddWorldTests.run(
                script, registry: folder.path.string, sharing: ["--mount", "--propagation", "private", "--net"])
            #expect(
                lines == [
                    "1", "create-registry 65", "register-field 65", "1700", "inspect-map 0", "create-registry 65",
                    "1700", "delete-registry 0", "own",
                ])
        }
    }
}
