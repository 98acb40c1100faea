// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

/// What `status` and `attach-to-interface` print, to the letter.
@Suite struct StatusRenderingTests {
    static func program(
        _ name: String, _ object: String, _ state: ProgramStatus.State = .attached, _ mode: AttachmentMode = .native,
        at place: NetfilterHook? = nil, id: UInt32? = 7, fields: [String] = [], packets: UInt64? = nil,
        maps: [String]? = []
    ) -> HookStatus.Entry {
        let pins: FilePath = "/sys/fs/bpf/pktmeta/attachments/1-2-xdp-0/current/0"
        return .ours(
            ProgramStatus(
                program: name, object: object, isPrebuilt: object.hasPrefix("prebuilt"), state: state, mode: mode,
                standsAt: place, programID: id, linkID: 3, fields: fields, ways: [], declaredBy: [],
                attachedAt: 1_000_000_000,
                packets: packets,
                pins: pins,
                maps: maps?.map {
                    PinnedMap(
                        name: $0.replacing("+", with: "."), path: pins.appending("maps").appending($0))
                }))
    }

    static let report = StatusReport(
        path: "/sys/fs/bpf/pktmeta",
        hooks: [
            HookStatus(
                place: .interface("eth0", .here), ifindex: 2, hook: .xdp,
                entries: [
                    program("producer", "prebuilt producer", fields: ["tenant", "seen_at"], packets: 12),
                    program("stamp", "/opt/acme.bpf.o", fields: ["tenant"], maps: ["counts", "pktmeta+bss"]),
                ], isComplete: true),
            HookStatus(
                place: .interface("veth1", .named("blue")), ifindex: 9, hook: .tcIngress,
                entries: [program("consumer", "prebuilt consumer", .gone, .clsact, id: nil)], isComplete: true),
            HookStatus(
                place: .interface("veth2", .cookie(77)), ifindex: 9, hook: .tcIngress,
                entries: [program("consumer", "prebuilt consumer", .unknown, .tcx, maps: nil)], isComplete: false),
            HookStatus(
                place: .netfilter(NetfilterHook(.ipv4, .input, priority: -150), .named("blue")), ifindex: nil,
                hook: .netfilter,
                entries: [
                    program(
                        "firewall", "/opt/umbrella.bpf.o", .attached, .link,
                        at: NetfilterHook(.ipv4, .input, priority: -149), fields: ["tenant"])
                ],
                isComplete: true),
            HookStatus(
                place: .cgroup("/sys/fs/cgroup/system.slice"), ifindex: nil, hook: .cgroupIngress,
                entries: [program("accounting", "/opt/hooli.bpf.o", .gone, .link, id: nil)], isComplete: true),
        ], time: 7_300_000_000_000)

    @Test func text() throws {
        try expectSnapshot(StatusRendering(Self.report, .plain).text, "status.txt")
    }

    static let wide = StatusReport(
        path: "/sys/fs/bpf/a-folder-of-an-application/with-a-registry-of-its-own/pktmeta",
        hooks: [
            HookStatus(
                place: .interface("enp129s0f0np0v1", .cookie(12_345)), ifindex: 12, hook: .tcIngress,
                entries: [
                    program(
                        "a_program_with_a_name_that_is_as_long_as_the_names_of_functions_get",
                        "/opt/a-company-with-a-long-name/lib/bpf/of-which-there-are-many/classification.bpf.o",
                        .unknown, .clsact, id: 123_456,
                        fields: (1...12).map { "field_number_\($0)" }, packets: 12_345_678,
                        maps: ["counts", "flows_by_address_and_port", "pktmeta+bss", "pktmeta+data"]),
                    .other(
                        HookOccupant(
                            mechanism: .tcxLink, mode: nil, programID: 99, programName: "cil_from_netdev",
                            loadedAt: nil, linkID: 4,
                            pins: ["/sys/fs/bpf/cilium/devices/enp129s0f0np0v1/links/cil_from_netdev/of-many-more"],
                            isDispatcher: false, dispatcherFolder: nil, registry: nil, filter: nil)),
                ], isComplete: true)
        ], time: 7_300_000_000_000)

    /// What people copy is whole, if need be on a line of its own that is longer than the terminal is wide.
    @Test(arguments: [60, 80, 100, 200])
    func terminals(width: Int) throws {
        let text = StatusRendering(Self.wide, Display(width: width)).text
        for line in text.split(separator: "\n") where displayWidth(String(line)) > width {
            let words = line.split(separator: " ")
            #expect(
                words.count == 1 || words.count == 2 && ["object", "maps", "pinned", "program"].contains(words[0]),
                "\(line)")
        }
        let words = Set(text.split(whereSeparator: { $0 == " " || $0 == "\n" }))
        for copied in [
            "enp129s0f0np0v1", "a_program_with_a_name_that_is_as_long_as_the_names_of_functions_get",
            "/opt/a-company-with-a-long-name/lib/bpf/of-which-there-are-many/classification.bpf.o", "123456",
            "/sys/fs/bpf/pktmeta/attachments/1-2-xdp-0/current/0/maps:", "pktmeta+data", "field_number_12",
            "/sys/fs/bpf/cilium/devices/enp129s0f0np0v1/links/cil_from_netdev/of-many-more", "12345",
        ] {
            #expect(words.contains { $0 == copied }, "\(copied)")
        }
        if width == 80 { try expectSnapshot(text, "status-80.txt") }
    }

    @Test func json() throws {
        try expectSnapshot(StatusDocument(Self.report).json, "status.json")
    }

    static let steering: StatusReport = {
        var report = StatusReport(path: "/sys/fs/bpf/pktmeta", hooks: [], time: 7_300_000_000_000)
        func steering(_ name: String, isFieldGone: Bool, isSeen: Bool, group: UInt32?) throws -> Steering {
            Steering(
                name: try SteeringName(name), field: try FieldName("tenant"), type: .u32, isFieldGone: isFieldGone,
                sockets: 4, filledSockets: isSeen ? 3 : nil, ownValues: isSeen ? 2 : nil,
                counts: isSeen ? SteeringCounts(steered: 1000, noField: 20, noSocket: 3) : nil,
                programID: isSeen ? 12 : nil, group: group, groupName: group == nil ? nil : "www-data",
                createdAt: 100_000_000_000,
                pins: FilePath("/sys/fs/bpf/pktmeta/steering/\(name)"))
        }
        report.steerings = try? StatusReport.Steerings(
            sound: [
                steering("front", isFieldGone: false, isSeen: true, group: 33),
                steering("old", isFieldGone: true, isSeen: false, group: nil),
            ], damaged: [DamagedSteering(path: "/sys/fs/bpf/pktmeta/steering/x", reason: "open sockets: ENOENT")])
        return report
    }()

    @Test func steerings() throws {
        try expectSnapshot(StatusRendering(Self.steering, Display(width: 100)).text, "status-steering.txt")
        try expectSnapshot(StatusDocument(Self.steering).json, "status-steering.json")
    }

    @Test func emptyRegistry() {
        let report = StatusReport(path: "/sys/fs/bpf/pktmeta", hooks: [], time: 0)
        #expect(StatusRendering(report, .plain).text == "/sys/fs/bpf/pktmeta: 0 programs attached to 0 hooks")
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
