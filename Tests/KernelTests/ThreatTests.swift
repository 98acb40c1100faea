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
            let header = try encode(registry.image().word.rawValue & ~0xffff_ffff | 1 << UInt64(field.slot))
            let area = header + [UInt8](repeating: 0x2a, count: 56)
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
}
