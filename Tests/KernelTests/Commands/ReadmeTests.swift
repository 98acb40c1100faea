// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// What README and the articles print is done as it is printed.
@Suite(Kernel.required) struct ReadmeTests {
    /// A folder where README's commands find what they name: the sources, bpf/, clang, pktmeta, and eth0.
    final class Bench: @unchecked Sendable {
        let scratch = ScratchRegistry()
        let pair: VethPair
        let folder: ScratchFolder
        private let tools: FilePath

        init(_ compiler: Fixture.Compiler) throws {
            pair = try VethPair()
            folder = try ScratchFolder()
            tools = folder.path.appending("tools")
            let manager = FileManager.default
            try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path.string)
            try manager.createDirectory(atPath: tools.string, withIntermediateDirectories: false)
            try manager.createSymbolicLink(
                atPath: folder.path.appending("bpf").string, withDestinationPath: Fixture.bpf.string)
            try tool("clang", "exec \(compiler.command) \"$@\"")
            // The headers as if they were installed there.
            let package = try Fixture.bytes(Fixture.root.appending("packaging/pktmeta.pc.in"))
            let described = String(decoding: package, as: UTF8.self)
                .replacing("@prefix@", with: Fixture.bpf.string)
                .replacing("@machine@", with: SystemNames.this.machine)
            _ = try folder.write(Array(described.utf8), as: "pktmeta.pc")
            // What would not end, ends soon; a benchmark takes minutes.
            try tool(
                "pktmeta",
                """
                case "$*" in
                bench) set -- bench --help ;;
                "watch eth0 -f tenant=42 --dport 443" | "inspect-map --watch")
                    exec timeout --preserve-status --signal INT 1 \(Fixture.command) "$@" ;;
                esac
                exec timeout 60 \(Fixture.command) "$@"
                """)
            try pair.inReceiver {
                for change in ["down", "name eth0"] { try VethPair.ip("link set \(VethPair.far) \(change)") }
                try VethPair.ip("link set eth0 up")
            }
        }

        private func tool(_ name: String, _ script: String) throws {
            // Written by another process, so that no child of this one has it open for writing as it is run (ETXTBSY).
            let text = try folder.write(Array("#!/bin/sh\n\(script)\n".utf8), as: "\(name).sh")
            let made = try ChildProcess.run(["install", "-m", "755", text.string, tools.appending(name).string])
            try #require(made.status == 0, "\(made.output)")
        }

        /// Runs commands in the folder, in the namespace with eth0 and with mounts of their own, each only if the one
        /// before was successful.
        func run(_ commands: String) throws -> ChildProcess.Outcome {
            let script = """
                export PATH=\(tools):$PATH PKTMETA_REGISTRY=\(scratch.path) PKG_CONFIG_PATH=\(folder.path)
                cd \(folder.path)
                mount -t tmpfs none /run
                \(commands)
                """
            return try pair.inReceiver { try ChildProcess.run(["unshare", "--mount", "sh", "-e", "-c", script]) }
        }

        func writeSources(_ change: (String) -> String = { $0 }) throws {
            for block in CodeBlock.all(in: try Fixture.readme) where block.language == "c" {
                _ = try folder.write(Array(change(block.code).utf8), as: try #require(block.file))
            }
        }
    }

    private static func shell(containing word: String, in text: String? = nil) throws -> String {
        let blocks = try CodeBlock.all(in: text ?? Fixture.readme).filter {
            $0.language == "sh" && $0.code.contains(word)
        }
        return try #require(blocks.first).code
    }

    private static func compileLines() throws -> String {
        try shell(containing: "clang").split(separator: "\n").filter { $0.hasPrefix("clang") }.joined(separator: "\n")
    }

    @Test func itsSourcesAreWhole() throws {
        let sources = CodeBlock.all(in: try Fixture.readme).filter { $0.language == "c" }
        #expect(sources.map(\.file) == ["mine.bpf.c", "theirs.bpf.c"])
        #expect(sources.allSatisfy { $0.code.contains("SEC(\"license\") = \"Dual BSD/GPL\"") })
        #expect(try Self.compileLines().split(separator: "\n").count == sources.count)
    }

    /// The commands that come with them as they are printed, and then what packets carry.
    @Test(arguments: Fixture.Compiler.allCases)
    func itsExampleIsCompiledAttachedAndRight(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(compiler)
            try bench.writeSources()
            let start = Clock.monotonic
            let traffic = BackgroundTraffic(bench.pair)
            let run = try bench.run(try Self.shell(containing: "clang"))
            _ = try traffic.stop()
            #expect(run.status == 0, "\(run.output)")
            let output = run.output
            #expect(!output.contains("warning"), "\(output)")
            #expect(
                output.contains("eth0: XDP: stamp attached (native)\neth0: TC ingress: steer attached"), "\(output)")
            let shown = output.split(separator: "\n").filter { $0.contains(" UDP ") }
            let watched = shown.filter { !$0.contains(" #") }
            #expect(watched.count == 3)
            #expect(watched.allSatisfy { $0.contains("tenant=42") && $0.contains("trace=0x") }, "\(watched)")
            let traced = shown.filter { $0.contains(" #") }
            #expect(traced.count == 3 && traced.allSatisfy { $0.contains(" gro eth0 ") && $0.contains("tenant=42") })
            try Self.expectRightValues(bench, since: start)
        }
    }

    private static func expectRightValues(_ bench: Bench, since start: UInt64) throws {
        let observer = try bench.observer()
        try bench.pair.send(100)
        let arrived = try eventually { decode(try observer.observed.values(at: 0)[0], as: UInt32.self) == 100 }
        #expect(arrived)
        let seen = try observer.observed.values(at: 0)[0]
        #expect(decode(Array(seen[12..<16]), as: UInt32.self) == 42 % 4)

        let status = try bench.pair.inReceiver { try Registry.open(at: bench.scratch.path, for: .read).status() }
        let programs = status.flatMap(StatusTests.ours)
        #expect(programs.map(\.program) == ["stamp", "steer"])
        #expect(programs.map(\.fields) == [["tenant", "trace"], ["tenant", "trace"]])
        let map = try #require(programs.last?.maps?.first)
        #expect(map.name == "pktmeta.bss")
        let trace = try BPFMap(pinnedAt: map.path).values(at: 0)[0]
        let milliseconds = UInt64(1_000_000)
        #expect(start / milliseconds...Clock.monotonic / milliseconds ~= UInt64(decode(trace, as: UInt32.self)))
        #expect(decode(Array(trace[4..<8]), as: UInt32.self) != 0)
    }

    /// Without the folder of <asm/types.h>.
    @Test(arguments: Fixture.Compiler.allCases)
    func itsExampleTakesTheKernelsOwnTypes(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench(compiler)
            let commands = try Fixture.documentation("Commands.md")
            let dump = try #require(commands.firstMatch(of: /`(bpftool btf dump file [^`]*)`/)?.1)
            try bench.writeSources { $0.replacingOccurrences(of: "<linux/bpf.h>", with: "\"vmlinux.h\"") }
            let compile = try Self.compileLines()
                .replacingOccurrences(of: "$(pkg-config --cflags pktmeta)", with: "-I bpf/include")
            #expect(!compile.contains("pkg-config"))
            let others = try Self.shell(containing: "clang").split(separator: "\n").filter {
                $0.contains("register-field") || $0.contains("attach-to-interface")
            }
            let start = Clock.monotonic
            let run = try bench.run("\(dump)\n\(compile)\n\(others.joined(separator: "\n"))")
            #expect(run.status == 0, "\(run.output)")
            #expect(!run.output.contains("warning"), "\(run.output)")
            try bench.pair.send(2000)  // one in 64 has a trace id
            try Self.expectRightValues(bench, since: start)
        }
    }

    /// Those of the article on commands behind the README's, in the order in which they are printed.
    @Test func theArticleOnCommandsIsRight() throws {
        try Kernel.run {
            let bench = try Bench(.swift)
            try bench.writeSources()
            let before = try Self.shell(containing: "clang").split(separator: "\n").filter {
                !$0.contains("watch") && !$0.contains("trace -f")  // which wait for packets
            }
            // Tests run side by side, some in mount namespaces of their own: what these have is not seen, and told (79).
            let commands = try Self.shell(containing: "delete-registry", in: Fixture.documentation("Commands.md"))
                .replacing("remove-from-host --dry-run", with: "remove-from-host --dry-run || test $? -eq 79")
            let world = """
                mkdir -p /run/netns
                ip netns add blue
                ip link add veth0 type veth peer name eth0 netns blue
                ip link set veth0 up
                ip link add eth1 type veth peer name eth2
                ip link set eth1 up
                """
            let run = try bench.run("\(world)\n\(before.joined(separator: "\n"))\nset -x\n\(commands)")
            #expect(run.status == 0, "\(run.output)")
            let tried = run.output.split(separator: "\n").count { $0.hasPrefix("+ pktmeta ") }
            #expect(tried == commands.split(separator: "\n").count { $0.hasPrefix("pktmeta ") })
            #expect(!Folder.exists(bench.scratch.path))
            #expect(!(try Fixture.bytes(bench.folder.path.appending("fields.h"))).isEmpty)
        }
    }

    /// What an administrator does for a user, and what the user does then.
    @Test func theArticleOnPrivilegesIsRight() throws {
        try Kernel.run {
            let bench = try Bench(.swift)
            let command = bench.folder.path.appending("tools/pktmeta")
            let blocks = CodeBlock.all(in: try Fixture.documentation("Privileges.md")).filter { $0.language == "sh" }
            try #require(blocks.count == 2)
            let run = try bench.run(
                """
                cat /etc/passwd > passwd; echo alice:x:54321:54321::/:/bin/sh >> passwd
                cat /etc/group > group; echo alice:x:54321: >> group
                mount --bind passwd /etc/passwd
                mount --bind group /etc/group
                cp --remove-destination \(Fixture.command) \(command)
                \(blocks.map(\.code).joined())
                pktmeta status --registry /run/alice-bpf/registry
                stat -c %U /run/alice-bpf/registry
                """)
            #expect(run.status == 0, "\(run.output)")
            #expect(run.output.contains("eth0: XDP: producer attached"), "\(run.output)")
            #expect(run.output.contains("2 programs attached to 2 hooks"), "\(run.output)")
            #expect(run.output.hasSuffix("alice\n"))
        }
    }
}

extension ReadmeTests.Bench {
    /// A program behind the others, that sees what they left.
    func observer() throws -> Observer { try Observer(self) }

    final class Observer {
        let observed: BPFMap
        private let link: BPFLink

        init(_ bench: ReadmeTests.Bench) throws {
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("sink_observer")), name: "observer")
            let program = try object.load(only: "observe")
            observed = try object.map("observed")
            link = try bench.pair.inReceiver {
                try BPFLink.tcx(program, ifindex: NetworkInterface(named: "eth0").index, .ingress)
            }
        }
    }
}
