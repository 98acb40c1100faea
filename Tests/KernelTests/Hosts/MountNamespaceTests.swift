// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// Commands in a mount namespace of their own, which goes with them: `ip netns exec` makes one, and hides /sys in it.
@Suite(Kernel.required) struct MountNamespaceTests {
    /// Where the first process may be looked at, and where it is another one's.
    static let worlds = [
        ["--mount", "--propagation", "private", "--net", "--pid", "--fork", "--mount-proc"],
        ["--mount", "--propagation", "private", "--net"],
    ]

    /// In a namespace `blue` with an interface v1, by `ip netns exec`.
    private static func run(_ script: String, registry: String, _ world: [String]) throws -> [String] {
        let setup = """
            mount -t tmpfs tmpfs /run
            quietly ip netns add blue
            quietly ip link set v1 netns blue
            blue() { ip netns exec blue "$@"; }
            pktmeta_in_blue() { blue timeout 30 \(Fixture.command) "$@" --registry \(registry); }

            """
        return try OddWorldTests.run(setup + script, registry: registry, sharing: world)
    }

    @Test(arguments: worlds)
    func whatIsDoneUnderIPNetnsExecStays(_ world: [String]) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                pktmeta_in_blue register-field tenant --type u32 --source constant:7 > /dev/null; echo $?
                pktmeta_in_blue attach-to-interface v1; echo $?
                pktmeta inspect-map registry | grep -c "^tenant"
                pktmeta_in_blue inspect-map registry | grep -c "^tenant"
                blue ip -d link show v1 | grep -c prog/xdp
                pktmeta_in_blue status | grep -c "producer.*native"
                pktmeta_in_blue doctor v1 | tr -s "\n " " " | grep -c "is in a BPF file system; this mount namespace, as"
                pktmeta_in_blue doctor v1 | tr -s "\n " " " | grep -c "program producer .* is attached in native mode"
                pktmeta_in_blue detach-from-interface v1; echo $?
                """
            let lines = try Self.run(script, registry: scratch.path.string, world)
            #expect(
                lines == [
                    "0", "v1: XDP: producer attached (native)", "v1: TC ingress: consumer attached (tcx)", "0", "1",
                    "1", "1", "1", "1", "1", "v1: XDP: producer detached (native)",
                    "v1: TC ingress: consumer detached (tcx)", "0",
                ])
            #expect(scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    /// The kernel's link to the root folder there is followed by whoever writes, and none below it.
    @Test(arguments: worlds)
    func noOtherLinkIsFollowed(_ world: [String]) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let (path, link) = (scratch.path, "\(scratch.path)-link")
            let script = """
                pktmeta register-field tenant --type u32 > /dev/null
                ln -s \(path.lastComponent?.string ?? "") \(link)
                blue timeout 30 \(Fixture.command) register-field other --type u32 --registry \(link) 2>&1 |
                    tr -s "\n " " " | grep -c "symbolic link (ELOOP) Name the folder that is meant itself: --registry \(path)"
                rm \(link)
                pktmeta inspect-map registry | grep -c "^tenant"
                """
            let lines = try Self.run(script, registry: path.string, world)
            #expect(lines == ["1", "1"])
        }
    }

    /// As messages under `ip netns exec` name it.
    @Test func aRegistryIsNamedByTheFirstProcess() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let script = """
                timeout 30 \(Fixture.command) register-field tenant --type u32 --registry /proc/1/root\(scratch.path) \
                    > /dev/null
                pktmeta inspect-map registry | grep -c "^tenant"
                """
            let lines = try Self.run(script, registry: scratch.path.string, Self.worlds[0])
            #expect(lines == ["1"])
        }
    }

    /// Where nothing is mounted that lasts, nothing is mounted that would not.
    @Test func nothingIsMountedInVain() throws {
        try Kernel.run {
            let script = """
                umount -a -t bpf
                pktmeta_in_blue register-field tenant --type u32; echo $?
                pktmeta_in_blue inspect-map; echo $?
                pktmeta_in_blue doctor | grep -c "broken.*bpffs.*no BPF file system is mounted"
                pktmeta register-field tenant --type u32 > /dev/null 2>&1; echo $?
                pktmeta_in_blue inspect-map registry | grep -c "^tenant"
                """
            let lines = try Self.run(script, registry: "/sys/fs/bpf/pktmeta-in-vain", Self.worlds[0])
            let refusals = lines.filter { $0.hasPrefix("pktmeta: ") || $0.hasPrefix("  ") }
            #expect(refusals.count == 4 && refusals[0].contains("as ip netns exec makes one"), "\(lines)")
            #expect(refusals.last?.contains("--netns") == true || refusals[1].contains("--netns"), "\(lines)")
            #expect(lines.filter { !refusals.contains($0) } == ["65", "66", "1", "0", "1"], "\(lines)")
        }
    }

    /// A BPF file system that somebody has mounted here is used, with a word about how long it lasts.
    @Test func aPrivateFileSystemIsToldOf() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let script = """
                mount -t bpf bpf \(folder.path)
                timeout 30 \(Fixture.command) register-field tenant --type u32 --registry \(folder.path)/own 2>&1 |
                    sed -n 's/^note: the BPF/told: the BPF/p' | grep -c "in this mount namespace only"
                pktmeta doctor | grep -c "weaker *bpffs"
                """
            let lines = try Self.run(script, registry: "\(folder.path)/own", Self.worlds[1])
            #expect(lines == ["1", "1"])
        }
    }
}
