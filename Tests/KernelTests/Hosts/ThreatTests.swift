// SPDX-License-Identifier: BSD-2-Clause

import Glibc
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import BPF

/// What ThreatModel.md says that no other test shows.
@Suite(Kernel.required) struct ThreatTests {
    static let stranger: UInt32 = 54399

    /// Frames that begin with the bytes of an area, from somebody who may send whatever frames there are: CAP_NET_RAW.
    @Test func aFrameIsNoArea() throws {
        try Kernel.run {
            let pair = try VethPair()
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path)
            let field = try registry.register(FieldDefinition(name: FieldName("tenant"), type: .u32)).field
            let tc = try pair.inReceiver {
                CommandRun([
                    "attach-to-interface", VethPair.far, "--xdp", "none", "--tc", "prebuilt", "--registry",
                    scratch.path.string,
                ])
            }
            #expect(tc.exitCode == 0, "\(tc.errors)")
            let area = try registry.area(set: [field.slot], filledWith: 0x2a)
            let count = 100
            try pair.inSender {
                let sender = try FrameSender(VethPair.near)
                for _ in 0..<count { try sender.send(area + Frame.ethernet(0x88b5, area)) }
                for _ in 0..<count { try sender.send(Frame.ethernet(0x88b5, area + area)) }
            }
            let arrived = try eventually { try registry.state(of: field).getRefused.total >= UInt64(2 * count) }
            #expect(arrived)
            #expect(try registry.state(of: field).got == 0)
        }
    }

    /// Two registries with the same fields, in the same generation, differ by their seals.
    @Test func anAreaOfAnotherRegistryIsNotTaken() throws {
        try Kernel.run {
            let (one, other) = (ScratchRegistry(), ScratchRegistry())
            func make(_ scratch: ScratchRegistry) throws -> Registry {
                let registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
                try registry.setGeneration(100)
                _ = try registry.register(FieldDefinition(name: FieldName("tenant"), type: .u32))
                return registry
            }
            let registry = try make(one)
            let others = try make(other)
            let field = try #require(try registry.image().field(named: FieldName("tenant")))
            let harness = try XDPHarness(registry, .swift)
            let call = ContractScript.Call.get(field.id.rawValue, 4)
            let own = try harness.run(area: registry.area(set: [field.slot]), [call])
            #expect(own.opened == 0 && own.errnos == [0])
            let area = try others.area(set: [field.slot])
            let outcome = try harness.run(area: area, [call])
            #expect(outcome.opened == BoundTests.Errno.busy && outcome.errnos == [BoundTests.Errno.fault])
            #expect(outcome.area == area)
        }
    }

    /// With all that loading takes, but neither the pins nor CAP_SYS_ADMIN.
    @Test func capabilitiesOpenNoPinAndNoNumber() throws {
        try Kernel.run {
            let pair = try VethPair()
            let (scratch, pins) = try HostileFolderTests.victim(pair)
            let program = try BPFProgram(
                pinnedAt: scratch.path.appending(try #require(pins.first { $0.hasSuffix("/program") }))
            ).id
            let map = try BPFMap(pinnedAt: scratch.path.appending("registry")).id
            let paths = pins.map { scratch.path.appending($0) }
            try OtherUser.withoutPrivilege(as: Self.stranger, but: [.bpf, .netAdmin, .perfmon]) {
                for path in paths {
                    #expect(throws: (any Error).self, "\(path)") {
                        _ = try BPFFileSystem.open(path, readOnly: true).raw
                    }
                }
                #expect(throws: (any Error).self) { _ = try BPFProgram(id: program).id }
                #expect(throws: (any Error).self) { try forEachMap(named: "pktmeta_fields") { _ in } }
            }
            #expect(map != 0)
        }
    }

    /// The kernel does not ask how a map was opened when a program that uses it is loaded: whoever may read a registry and
    /// has CAP_BPF may write it.
    @Test func aReaderWithCAP_BPFWrites() throws {
        try Kernel.run {
            let bench = try PrivilegeTests.Bench()
            #expect(try PinAccessTests.create(bench, ["--mode-bits", "0644"]).status == 0)
            #expect(chmod(bench.user.home.string, 0o711) == 0)
            let registry = bench.registry
            let bytes = try Fixture.bytes(Fixture.object("vandal"))
            func vandalise(_ capabilities: [Capability]) throws {
                try OtherUser.withoutPrivilege(as: Self.stranger, but: capabilities) {
                    let object = try BPFObject(bytes: bytes, name: "vandal")
                    try object.reuse(
                        BPFMap(pinnedAt: registry.appending("registry"), readOnly: true), as: "pktmeta_fields")
                    let program = try object.load(only: "vandal")
                    _ = try program.testRunXDP(packet: [UInt8](repeating: 0, count: 64), wantsContext: false)
                }
            }
            #expect(throws: (any Error).self) { try vandalise([]) }
            #expect(try bench.run(["inspect-map"]).status == 0)
            try vandalise([.bpf])
            #expect(try bench.run(["inspect-map"]).status == 65)
        }
    }

    /// A container may attach in front of the scrub program on its own interface, if it may attach at all.
    @Test func whoMayAttachReadsInFrontOfTheScrubProgram() throws {
        try Kernel.run {
            let chain = try VethChain()
            let scratch = ScratchRegistry()
            func run(_ arguments: String...) throws {
                let run = CommandRun(arguments + ["--registry", scratch.path.string])
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            try run("register-field", "secret", "--type", "u32", "--private", "--source", "constant:7")
            try chain.pair.inReceiver { try run("attach-to-interface", VethPair.far, "--tc", "none") }
            try chain.inOnward {
                try run("attach-to-interface", VethChain.end, "--xdp", "none", "--tc", "scrub", "--first")
            }
            let field = try #require(
                Registry.open(at: scratch.path, for: .read).image().field(named: FieldName("secret")))
            let object = try Fixture.bytes(Fixture.object("raw_area"))
            /// The area of a packet, as a program sees it that a process of the container attaches.
            func look(at position: TCXPosition, _ capabilities: [Capability]) throws -> [UInt8] {
                let (link, seen) = try chain.inOnward {
                    try OtherUser.withoutPrivilege(as: Self.stranger, but: capabilities) {
                        let looker = try BPFObject(bytes: object, name: "look")
                        let program = try looker.load(only: "look")
                        let end = try NetworkInterface(named: VethChain.end)
                        let link = try BPFLink.tcx(program, ifindex: end.index, .ingress, at: position)
                        return (LinkBox(link), MapBox(try looker.map("seen")))
                    }
                }
                try chain.pair.send(1, to: VethChain.endAddress)
                let arrived = try eventually { try seen.map.values(at: 0)[0][0] > 0 }
                #expect(arrived)
                return try withExtendedLifetime(link) { try Array(seen.map.values(at: 0)[0].dropFirst(8)) }
            }
            let place = field.layout.offset..<field.layout.offset + 4
            let all: [Capability] = [.bpf, .netAdmin, .perfmon]
            #expect(try look(at: .first, all)[place] == [7, 0, 0, 0], "what the scrub program takes off later")
            #expect(try look(at: .last, all)[place] == [0, 0, 0, 0])
            for fewer in [[], [.bpf], [.netAdmin], [.perfmon, .netAdmin]] as [[Capability]] {
                #expect(throws: (any Error).self, "\(fewer)") { try look(at: .first, fewer) }
            }
        }
    }

    /// A clsact filter goes with its qdisc, which CAP_NET_ADMIN removes; a TCX link stays as long as it is held.
    @Test(arguments: ["tcx", "clsact"])
    func networkAdministratorsRemoveAFilterAndNoLink(mode: String) throws {
        try Kernel.run {
            let pair = try VethPair()
            let scratch = ScratchRegistry()
            let attach = try pair.inReceiver {
                CommandRun([
                    "attach-to-interface", VethPair.far, "--xdp", "none", "--tc", "scrub", "--tc-mode", mode,
                    "--registry", scratch.path.string,
                ])
            }
            #expect(attach.exitCode == 0, "\(attach.errors)")
            let only = "-all,+net_admin"
            _ = try pair.inReceiver {
                try ChildProcess.run(
                    [
                        "setpriv", "--reuid", "\(Self.stranger)", "--regid", "\(Self.stranger)", "--clear-groups",
                        "--inh-caps", only, "--ambient-caps", only, "--bounding-set", only,
                    ] + ["tc", "qdisc", "del", "dev", VethPair.far, "clsact"])
            }
            let status = CommandRun(["status", "--registry", scratch.path.string])
            #expect(status.output.contains("(gone)") == (mode == "clsact"), "\(status.output)")
        }
    }
}
