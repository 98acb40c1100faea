// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

/// Where the world is not as commands expect it: file systems, clocks and interfaces that go or change.
@Suite(Kernel.required) struct OddWorldTests {
    /// Runs the built command in namespaces of its own, with a registry.
    ///
    /// - Parameters:
    ///   - setup: shell commands before. `pktmeta` there is the built one with the registry; `try` runs it and puts out
    ///     the exit code.
    ///   - sharing: options of unshare(1).
    /// - Returns: what was put out, by lines.
    static func run(_ script: String, registry: String, sharing: [String]) throws -> [String] {
        let prelude = """
            pktmeta() { timeout 30 \(Fixture.command) "$@" --registry \(registry); }
            try() { pktmeta "$@" > /dev/null 2>&1; echo "$1 $?"; }
            quietly() { "$@" > /dev/null || echo "failed: $*"; }
            quietly ip link add v0 type veth peer name v1
            quietly ip link set v0 up
            quietly ip link set v1 up

            """
        let outcome = try ChildProcess.run(["unshare"] + sharing + ["bash", "-c", prelude + script])
        return outcome.output.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("note: ") }
    }

    private static let ownMounts = ["--mount", "--propagation", "private", "--net"]

    /// The last mount goes, and with it all pins: the kernel detaches what they held. Commands say that nothing is there.
    @Test func theFileSystemOfARegistryIsUnmounted() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let script = """
                mount -t bpf bpf \(folder.path)
                quietly pktmeta register-field tenant --type u32 --source constant:7
                quietly pktmeta attach-to-interface v0
                ip -d link show v0 | grep -c prog/xdp
                umount \(folder.path)
                for i in $(seq 100); do ip -d link show v0 | grep -q prog/xdp || break; sleep 0.05; done
                ip -d link show v0 | grep -c prog/xdp
                try inspect-map
                try status
                try unregister-field tenant
                try compact
                try repair
                try detach-from-interface v0
                try delete-registry --force
                try register-field tenant --type u32
                try attach-to-interface v0
                pktmeta inspect-map 2>&1 | grep -c "no BPF file system is mounted there"
                ls -A \(folder.path)
                """
            let lines = try Self.run(script, registry: "\(folder.path)/registry", sharing: Self.ownMounts)
            #expect(
                lines == [
                    "1", "0", "inspect-map 66", "status 66", "unregister-field 66", "compact 66", "repair 66",
                    "detach-from-interface 66",
                    "delete-registry 66", "register-field 65", "attach-to-interface 65", "1",
                ])
        }
    }

    /// It is still mounted in the mount namespace around: programs go on, and commands find it there.
    @Test func theFileSystemIsUnmountedInOneMountNamespace() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                quietly pktmeta register-field tenant --type u32 --source constant:7
                quietly pktmeta attach-to-interface v0
                inside() {
                umount -a -t bpf
                try inspect-map
                try register-field tenant --type u32 --source constant:7
                try attach-to-interface v0
                try detach-from-interface v0
                try attach-to-interface v0
                }
                export -f pktmeta try inside
                unshare --mount --propagation private bash -c inside
                ip -d link show v0 | grep -c prog/xdp
                try detach-from-interface v0
                """
            let lines = try Self.run(script, registry: scratch.path.string, sharing: ["--net"])
            #expect(
                lines == [
                    "inspect-map 0", "register-field 0", "attach-to-interface 0", "detach-from-interface 0",
                    "attach-to-interface 0", "1", "detach-from-interface 0",
                ])
        }
    }

    /// All that pktmeta writes is in the BPF file system; files only where the user names one.
    @Test func nothingElseIsWrittenTo() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                while read -r _ place type _; do
                    case $type in bpf|proc) ;; *) mount -o remount,bind,ro "$place" ;; esac
                done < /proc/self/mounts
                for place in /tmp /run /var/tmp "$HOME" \(Folder.current); do
                    touch "$place/pktmeta-test" 2> /dev/null && echo "$place can be written to"
                done
                try register-field tenant --type u32 --source constant:7
                try attach-to-interface v0
                try attach-to-interface v1 --tc none --register-missing --xdp \(Fixture.object("torture"))
                try register-field other --type u8 --source constant:7
                try unregister-field other
                try compact
                try repair
                try inspect-map
                try status
                try export-btf
                try generate-header
                try detach-from-interface v0
                try delete-registry --force
                """
            let lines = try Self.run(script, registry: scratch.path.string, sharing: Self.ownMounts)
            #expect(lines.count == 13 && lines.allSatisfy { $0.hasSuffix(" 0") }, "\(lines)")
        }
    }

    /// CLOCK_MONOTONIC only makes temporary names differ under the lock: it may jump, either way.
    ///
    /// Never to before the machine started, which the kernel refuses (kernel/time/namespace.c).
    @Test func clocksJump() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                pktmeta() { timeout 30 unshare --time --monotonic $skew \\
                    \(Fixture.command) "$@" --registry \(scratch.path); }
                for skew in 864000 1100 500 864000; do
                    try register-field tenant --type u32 --source constant:7
                    try attach-to-interface v0
                    skew=$((skew - 500)); try register-field other --type u8 --source constant:7
                    skew=$((skew + 900)); try unregister-field other
                    try inspect-map
                    mkdir \(scratch.path)/attachments/tmp-99999999999999999
                    try detach-from-interface v0
                done
                """
            let lines = try Self.run(script, registry: scratch.path.string, sharing: ["--net"])
            #expect(lines.count == 24 && lines.allSatisfy { $0.hasSuffix(" 0") }, "\(lines)")
            #expect(scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    /// A registry of another version: no command reads or changes it. What takes it apart is in OtherABITests.
    @Test(arguments: [
        ["inspect-map"], ["status"], ["register-field", "x", "--type", "u8"], ["unregister-field", "tenant"],
        ["compact"], ["reset-state"], ["repair"],
        ["attach-to-interface", "lo"], ["export-btf", "/dev/null"], ["generate-header", "/dev/null"],
        ["create-registry"],
    ])
    func aRegistryOfAnotherABIIsLeftAlone(_ command: [String]) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            #expect(RegistryTests.command(scratch, "register-field", "tenant", "--type", "u32").exitCode == 0)
            let map = try BPFMap(pinnedAt: scratch.path.appending("registry"))
            let head = try map.slot(0)
            var other = head
            other[7] ^= 3  // the magic's low bits are the version
            try map.setSlot(0, other)
            let (pins, entries) = (scratch.pins, try (0..<32).map { try map.slot($0) })

            let run = CommandRun(command + ["--registry", scratch.path.string])
            #expect(run.exitCode == 78, "\(run.errors)")
            #expect(run.errors.contains("it has ABI version"), "\(run.errors)")
            #expect(scratch.pins == pins)
            #expect(try (0..<32).map { try map.slot($0) } == entries)
            try map.setSlot(0, head)  // so that it can be removed
        }
    }

    // MARK: Interfaces that go

    /// Commands in the middle of which an interface goes, and what was attached to it before.
    static let interrupted = [
        (command: ["attach-to-interface", "gone0"], before: []),
        (
            command: ["register-field", "fresh", "--type", "u8", "--source", "constant:1"],
            before: ["attach-to-interface", "gone0"]
        ),
        (command: ["unregister-field", "sourced"], before: ["attach-to-interface", "gone0"]),
        (command: ["detach-from-interface", "gone0"], before: ["attach-to-interface", "gone0"]),
    ]

    @Test(arguments: interrupted)
    func anInterfaceGoesInTheMiddle(command: [String], before: [String]) throws {
        try Kernel.run {
            let bench = try KillBench()
            var calls = 0
            let rounds = 8
            for round in 0...rounds {
                try bench.run([["register-field", "sourced", "--type", "u32", "--source", "constant:7"]])
                try bench.pair.inReceiver { try VethPair.ip("link add name gone0 type veth peer name gone1") }
                if !before.isEmpty { try bench.run([before]) }
                let place = round == 0 ? 0 : 1 + (calls - 1) * (2 * round - 1) / (2 * rounds)
                let run = try bench.trace(command, at: place) { try? VethPair.ip("link del gone0") }
                if round == 0 {
                    calls = run.calls
                    #expect(run.exitCode == 0, "\(run.output)")
                    try bench.pair.inReceiver { try VethPair.ip("link del gone0") }
                }
                // It was done, or there is no such interface, or the kernel said so in the middle.
                let isToldByKernel = ["(EINVAL)", "(ENODEV)", "(ENOLINK)"].contains { run.output.contains($0) }
                #expect(
                    [0, 66].contains(run.exitCode) || (run.exitCode == 70 && isToldByKernel),
                    "\(command), at \(run.call ?? "-"): \(run)")
                try bench.run([["register-field", "probe", "--type", "u8"], ["unregister-field", "probe"]])
                #expect(bench.pins == Set(["."] + ScratchRegistry.partsOfEmpty))
                #expect(try bench.view()?.problems == [])
                try bench.run([["unregister-field", "fresh"]], allowing: [66])
            }
        }
    }
}
