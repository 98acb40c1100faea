// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Glibc
import Linux
import PacketMetadata
import PktmetaABI
import SystemPackage
import TestSupport
import Testing

/// `remove-from-host`, told which registries: on this host are those of other tests.
@Suite(Kernel.required) struct RemovalTests {
    typealias Bench = AttachmentTests.Bench

    static func remove(_ arguments: String..., from registries: FilePath...) -> CommandRun {
        CommandRun(["remove-from-host"] + arguments + registries.flatMap { ["--registry", $0.string] })
    }

    /// All that can be seen of hooks and pins.
    struct Sight: Equatable {
        let near: [String]
        let far: [String]
        let pins: [[String]]

        init(_ pair: VethPair, _ registries: [ScratchRegistry]) throws {
            near = try pair.inSender { try Self.hooks(VethPair.near) }
            far = try pair.inReceiver { try Self.hooks(VethPair.far) }
            pins = registries.map(\.pins)
        }

        private static func hooks(_ interface: String) throws -> [String] {
            let index = try NetworkInterface(named: interface).index
            let tcx = try TCXPrograms.query(ifindex: index, .ingress)?.programs.map(\.id) ?? []
            let filters = try TCFilter.filters(ifindex: index, .ingress)
            return try [
                AttachedXDPProgram.query(ifindex: index).first.map { "XDP \($0.id)" }, ClsactQdisc.kind(ifindex: index),
            ].compactMap(\.self) + tcx.map { "TCX \($0)" } + filters.map { "\($0.place.priority) \($0.programID ?? 0)" }
        }
    }

    /// One with a chain in XDP and a program by TCX at the far end and one by a filter at the near end, in another
    /// namespace; and one of which all pins of attachments are gone, so that only its filter is left.
    struct Scene {
        let pair: VethPair
        let first = ScratchRegistry()
        let second = ScratchRegistry()
        let neighbour: (program: ProgramBox, link: LinkBox)

        init() throws {
            let bench = try TCAttachmentTests.bench()
            pair = bench.pair
            neighbour = try TCAttachmentTests.foreign(bench)
            func run(_ registry: ScratchRegistry, _ arguments: String...) {
                let run = CommandRun(arguments + ["--registry", registry.path.string])
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            for registry in [first, second] { run(registry, "register-field", "shared", "--type", "u32") }
            try pair.inReceiver {
                run(
                    first, "attach-to-interface", "far0", "--xdp", "prebuilt", "--xdp", ChainTests.stamp, "--tc",
                    TCAttachmentTests.counter)
            }
            try pair.inSender {
                run(first, "attach-to-interface", "near0", "--xdp", "none", "--tc-mode", "clsact")
                run(
                    second, "attach-to-interface", "near0", "--xdp", "none", "--tc", TCAttachmentTests.counter,
                    "--tc-mode",
                    "clsact")
            }
            _ = try ChildProcess.run(["rm", "-r", second.path.appending("attachments").string])
        }
    }

    @Test func allOfItGoesAndNothingElse() throws {
        try Kernel.run {
            let scene = try Scene()
            let beside = ScratchRegistry()
            try Folder.make(beside.path.appending("attachments/registry"))
            defer { _ = try? ChildProcess.run(["rm", "-r", beside.path.string]) }
            let paths = [scene.first.path, scene.second.path]
            let all = [scene.first, scene.second, beside]
            let before = try Sight(scene.pair, all)
            let planned = Self.remove("--dry-run", from: paths[0], paths[1], beside.path)
            #expect(planned.exitCode == 0, "\(planned.errors)")
            #expect(planned.output.contains("would be") && !planned.output.contains(": removed"), "\(planned.output)")
            #expect(try Sight(scene.pair, all) == before)

            let run = Self.remove("--force", from: paths[0], paths[1], beside.path)
            #expect(run.exitCode == 0, "\(run.output)")
            #expect(run.output.contains("registry \(paths[0]), with 4 programs ("), "\(run.output)")
            #expect(run.output.contains("registry \(paths[1]): removed"), "\(run.output)")
            #expect(run.output.ranges(of: ": detached").count == 4, "\(run.output)")
            #expect(run.output.hasSuffix("nothing of pktmeta is left"), "\(run.output)")
            #expect(run.output.split(separator: "\n").count == planned.output.split(separator: "\n").count)
            let after = try Sight(scene.pair, all)
            #expect(after.near == [])
            #expect(after.far == ["TCX \(scene.neighbour.program.program.id)"])
            #expect(after.pins == [[], [], ["attachments", "attachments/registry"]])
            #expect(!Folder.exists(paths[0]) && !Folder.exists(paths[1]))

            let again = Self.remove("--force", from: paths[0], paths[1])
            #expect(again.exitCode == 0 && again.output == "nothing of pktmeta is there", "\(again.output)")
        }
    }

    /// Another version's, of which this one can read no record.
    @Test func whatAnotherVersionHasMadeGoesToo() throws {
        try Kernel.run {
            let scene = try Scene()
            let path = scene.first.path
            // pktmeta_word_magic() of abi.h
            try Self.patch(path.appending("registry")) { $0[7] &+= 1 }
            for record in scene.first.pins.filter({ $0.hasSuffix("/record") }) {
                try Self.patch(path.appending(record)) { $0[0] &+= 1 }
            }
            let refused = CommandRun(["delete-registry", "--force", "--registry", path.string])
            #expect(refused.exitCode == 78, "\(refused.errors)")
            let remedy = "pktmeta remove-from-host --registry \(path) --force removes it"
            #expect(refused.errors.contains(remedy), "\(refused.errors)")
            let run = Self.remove("--force", from: path)
            #expect(run.exitCode == 0, "\(run.output)")
            #expect(run.output.contains("registry \(path), with 4 programs ("), "\(run.output)")
            #expect(run.output.ranges(of: ": detached").count == 3, "\(run.output)")
            #expect(!Folder.exists(path))
            // What is left on the near end is the other registry's.
            #expect(try Sight(scene.pair, []).near.count == 2)
            #expect(Self.remove("--force", from: scene.second.path).exitCode == 0)
            #expect(try Sight(scene.pair, []).near == [])
        }
    }

    private static func patch(_ pin: FilePath, _ change: (inout [UInt8]) -> Void) throws {
        let map = try BPFMap(pinnedAt: pin)
        var value = try map.value
        change(&value)
        try map.update(at: 0, value)
    }

    /// A qdisc of pktmeta's on which a neighbour has put a filter stays with it.
    @Test func aNeighboursFilterKeepsTheQdisc() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("attach-to-interface", "far0", "--tc-mode", "clsact").exitCode == 0)
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign_tc")), name: "foreign")
            let program = try object.load(only: "foreign_tc")
            let filter = try bench.pair.inReceiver {
                try TCFilter.attach(program, ifindex: NetworkInterface(named: "far0").index, .ingress)
            }
            for option in ["--dry-run", "--force"] {
                let run = Self.remove(option, from: bench.scratch.path)
                #expect(run.exitCode == 0, "\(run.output)")
                #expect(
                    run.output.contains("clsact qdisc: not touched: filters of others hang from it"), "\(run.output)")
            }
            #expect(try bench.pair.inReceiver { try filter.programID() } == program.id)
            #expect(try TCAttachmentTests.filters(bench).count == 1)
        }
    }

    /// Loaded and attached by another loader, which has but the registry's maps from pktmeta.
    @Test func programsOfOthersAreNamedAndStay() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            let path = bench.scratch.path
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("contract_xdp")), name: "other")
            for name in [PKTMETA_REGISTRY_MAP, PKTMETA_STATE_MAP] where object.mapShape(name) != nil {
                let pin = name == PKTMETA_REGISTRY_MAP ? "registry" : "state"
                try object.reuse(BPFMap(pinnedAt: path.appending(pin)), as: name)
            }
            let program = try object.load(only: "contract")
            let link = try bench.pair.inReceiver {
                try BPFLink.xdp(program, ifindex: NetworkInterface(named: "far0").index, mode: .native)
            }
            let run = Self.remove("--force", from: path)
            #expect(run.exitCode == 0, "\(run.output)")
            let said = "not touched: it uses a registry of pktmeta's, and was loaded by somebody else"
            #expect(run.output.contains(said), "\(run.output)")
            #expect(try bench.attachedXDP() == program.id)
            _ = consume link
        }
    }

    @Test func whatAProcessHoldsIsDetachedAndTheProcessNamed() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32")
            let held = try HeldTests.Background(bench, "attach-to-interface", "far0", "--no-pin")
            #expect(eventually { held.output.contains("attached until this process ends") })
            // It does not see that its links are gone, and keeps its programs.
            try held.end("STOP")
            let run = Self.remove("--force", from: bench.scratch.path)
            #expect(run.exitCode == 79, "\(run.output)")
            #expect(run.output.contains(": detached; held by process \(held.pid) (pktmeta)"), "\(run.output)")
            #expect(run.output.contains("left: held by process \(held.pid) (pktmeta)"), "\(run.output)")
            #expect(try bench.attachedXDP() == nil)
            #expect(try TCAttachmentTests.order(bench) == [])
            #expect(!Folder.exists(bench.scratch.path))
            try held.end("CONT")
            #expect(eventually { held.output.contains("cannot stay attached") }, "it ends by itself")
        }
    }

    @Test func aPinOfOthersThatKeepsAProgramIsNamed() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("attach-to-interface", "far0", "--tc", "none")
            let pin = try #require(bench.scratch.pins.first { $0.hasSuffix("/program") })
            let path = FilePath("\(bench.scratch.path)-kept")
            try BPFProgram(pinnedAt: bench.scratch.path.appending(pin)).pin(at: path)
            defer { try? Folder.unlink(path) }
            let run = Self.remove("--force", "--json", from: bench.scratch.path)
            #expect(run.exitCode == 79)
            #expect(run.output.contains("held by the pin \(path)"), "\(run.output)")
            #expect(try run.json["isComplete"] as? Bool == false)
            #expect(try bench.attachedXDP() == nil)
            #expect(Folder.exists(path))
        }
    }

    @Test func registriesOfOthersTakeAWord() throws {
        try Kernel.run {
            let bench = try PrivilegeTests.Bench()
            try bench.prepare(.prebuilt)
            let before = try PinAccessTests.listing(bench.registry)
            for option in ["--dry-run", "--force"] {
                let run = Self.remove(option, from: bench.registry)
                #expect(run.exitCode == 79, "\(run.output)")
                #expect(run.output.contains("left: the registry \(bench.registry) belongs to user"), "\(run.output)")
                #expect(run.output.contains("--trust-owner") && !run.output.contains("detached"), "\(run.output)")
            }
            #expect(try PinAccessTests.listing(bench.registry) == before)
            let run = Self.remove("--force", "--trust-owner", from: bench.registry)
            #expect(run.exitCode == 0, "\(run.output)")
            #expect(!Folder.exists(bench.registry))
        }
    }

    /// What others have put into a registry's folder is theirs.
    @Test func pinsOfOthersInTheFolderStay() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("attach-to-interface", "far0")
            let pin = bench.scratch.path.appending("theirs")
            try BPFMap(creating: "theirs", .init(kind: .array, valueSize: 4, entries: 1)).pin(at: pin)
            let run = Self.remove("--force", from: bench.scratch.path)
            #expect(run.exitCode == 0, "\(run.output)")
            #expect(
                run.output.contains("the registry is removed, and its folder is not: theirs in it"), "\(run.output)")
            #expect(bench.scratch.pins == ["theirs"])
            try Folder.unlink(pin)
            _ = try ChildProcess.run(["rmdir", bench.scratch.path.string])
        }
    }

    /// Killed at any place, and run again.
    @Test func killedHalfWayAndRunAgain() throws {
        try Kernel.run {
            var places: [Int] = []
            repeat {
                let scene = try Scene()
                let arguments = [
                    "remove-from-host", "--force", "--registry", scene.first.path.string, "--registry",
                    scene.second.path.string,
                ]
                let place = places.popLast() ?? 0
                let killed = try TracedRun(arguments, stoppingAt: place)
                if place == 0 {
                    #expect(killed.exitCode == 0, "\(killed.output)")
                    places = stride(from: 1, to: killed.calls, by: max(1, killed.calls / 4)).map(\.self)
                }
                let run = CommandRun(arguments)
                #expect(run.exitCode == 0, "\(place), at \(killed.call ?? ""): \(run.output)")
                let after = try Sight(scene.pair, [scene.first, scene.second])
                // The qdisc itself, if it was killed just before its removal: nothing says which registry it was made for.
                let isClean = after.near == [] || place > 0 && after.near == ["clsact"]
                #expect(isClean && after.pins == [[], []], "\(place), at \(killed.call ?? ""): \(after)")
                #expect(after.far == ["TCX \(scene.neighbour.program.program.id)"])
            } while !places.isEmpty
        }
    }

    /// Whatever was made for, and whatever is found beside by parallel tests: this only looks.
    @Test func anEmptyQdiscIsFoundWithoutARegistry() throws {
        try Kernel.run {
            try VethPair.ip("link add v0 type veth peer name v1")
            #expect(try ClsactQdisc.create(ifindex: NetworkInterface(named: "v0").index))
            let run = Self.remove("--dry-run")
            #expect(run.output.split(separator: "\n").contains("v0: clsact qdisc: would be removed"), "\(run.output)")
            #expect(!run.output.contains("v1: clsact"))
            #expect(try ClsactQdisc.isMarked(ifindex: NetworkInterface(named: "v0").index))
        }
    }

    /// All of a world in which is nothing of others: a BPF file system of its own, and no right to look beyond.
    @Test func allThatCanBeReached() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let script = """
                mount -t tmpfs tmpfs /run
                for path in $(grep " - bpf " /proc/self/mountinfo | cut -d " " -f 5); do umount "$path"; done
                mount -t bpf bpf \(folder.path)
                [ $(grep -c " - bpf " /proc/self/mountinfo) = 1 ] || exit
                mkdir \(folder.path)/garbage \(folder.path)/garbage/attachments \(folder.path)/garbage/registry
                quietly pktmeta attach-to-interface v0
                \(Fixture.command) attach-to-interface v1 --tc-mode clsact --registry \(folder.path)/deep/second > /dev/null
                limited() { setpriv --bounding-set -sys_admin --inh-caps -sys_admin \(Fixture.command) "$@"; }
                limited remove-from-host --dry-run | grep -c "^registry .*would be removed"
                limited remove-from-host --force > \(folder.path)-log; echo $?
                grep -c "^registry .*: removed" \(folder.path)-log
                grep -c "programs without pins cannot be looked for without CAP_SYS_ADMIN: left: there may be more" \(folder.path)-log
                cd \(folder.path); find . -not -name "*.debug" | sort | tr "\n" " "; echo
                tc qdisc show dev v1 | grep -c clsact
                ip -d link show | grep -c prog/xdp
                """
            let lines = try OddWorldTests.run(
                script, registry: "\(folder.path)/registry",
                sharing: ["--mount", "--propagation", "private", "--net", "--pid", "--fork", "--mount-proc"])
            #expect(
                lines == [
                    "2", "79", "2", "1",
                    ". ./deep ./garbage ./garbage/attachments ./garbage/registry ", "0", "0",
                ])
            _ = try ChildProcess.run(["rm", "-f", "\(folder.path)-log"])
        }
    }
}
