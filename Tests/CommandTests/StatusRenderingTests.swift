// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands

/// What `status` and `attach-to-interface` print, to the letter.
@Suite struct StatusRenderingTests {
    static func program(
        _ name: String, _ object: String, _ state: ProgramStatus.State = .attached, _ mode: AttachmentMode = .native,
        id: UInt32? = 7, fields: [String] = [], packets: UInt64? = nil
    ) -> HookStatus.Entry {
        .ours(
            ProgramStatus(
                program: name, object: object, state: state, mode: mode, programID: id, linkID: 3, fields: fields,
                attachedAt: 1_000_000_000, packets: packets, pins: "/sys/fs/bpf/pktmeta/attachments/1-2-xdp-0/current/0"
            ))
    }

    static let report = StatusReport(
        path: "/sys/fs/bpf/pktmeta", tag: 0x0a,
        hooks: [
            HookStatus(
                interface: "eth0", ifindex: 2, namespace: .here, hook: .xdp,
                entries: [
                    program("producer", "prebuilt producer", fields: ["tenant", "seen_at"], packets: 12),
                    program("stamp", "/opt/acme.bpf.o", fields: ["tenant"]),
                ], isComplete: true),
            HookStatus(
                interface: "veth1", ifindex: 9, namespace: .named("blue"), hook: .tcIngress,
                entries: [program("consumer", "prebuilt consumer", .gone, .clsact, id: nil)], isComplete: true),
            HookStatus(
                interface: "veth2", ifindex: 9, namespace: .cookie(77), hook: .tcIngress,
                entries: [program("consumer", "prebuilt consumer", .unknown, .tcx)], isComplete: false),
        ], time: 7_300_000_000_000)

    @Test func text() throws {
        try expectSnapshot(StatusRendering(Self.report).text, "status.txt")
    }

    @Test func json() throws {
        try expectSnapshot(StatusDocument(Self.report).json, "status.json")
    }

    @Test func emptyRegistry() {
        let report = StatusReport(path: "/sys/fs/bpf/pktmeta", tag: 1, hooks: [], time: 0)
        #expect(StatusRendering(report).text == "/sys/fs/bpf/pktmeta: 0 programs attached to 0 hooks, tag 0x01")
    }

    @Test func ages() {
        let second: UInt64 = 1_000_000_000
        #expect(age(5 * second, since: 9 * second) == "0s")
        #expect(age(59 * second, since: 0) == "59s")
        #expect(age(60 * second, since: 0) == "1m")
        #expect(age(7199 * second, since: 0) == "1h")
        #expect(age(200_000 * second, since: 0) == "2d")
    }
}
