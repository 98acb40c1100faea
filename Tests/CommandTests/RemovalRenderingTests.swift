// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

@Suite struct RemovalRenderingTests {
    private static let here = HostRemoval.Place(
        namespace: .here, netnsCookie: 1, interface: "eth0", ifindex: 2, hook: .xdp)
    private static let blue = HostRemoval.Place(
        namespace: .named("blue"), netnsCookie: 4711, interface: "veth1", ifindex: 5, hook: .tcIngress)
    private static let unnamed = HostRemoval.Place(
        namespace: .cookie(4712), netnsCookie: 4712, interface: "veth1", ifindex: 5, hook: .tcIngress)

    private static func occupant(
        _ mechanism: HookOccupant.Mechanism, _ id: UInt32, _ name: String, link: UInt32? = nil,
        filter: HookOccupant.Filter? = nil
    ) -> HookOccupant {
        HookOccupant(
            mechanism: mechanism, mode: mechanism == .xdpLink ? .native : nil, programID: id, programName: name,
            loadedAt: 1, linkID: link, pins: [], isDispatcher: false, dispatcherFolder: nil, registry: nil,
            filter: filter)
    }

    private static let held = HostRemoval.Part.program(
        here, occupant(.xdpLink, 12, "producer", link: 3),
        holders: [.init(processID: 814, command: "pktmeta"), .init(processID: 815, command: nil)])
    private static let orphan = HostRemoval.Part.program(
        blue,
        occupant(
            .clsBPF, 14, "consumer",
            filter: .init(name: "consumer:[14]", priority: 49152, handle: 1, isDirectAction: true)), holders: [])
    private static let registry = HostRemoval.Part.registry("/sys/fs/bpf/pktmeta", programs: ["producer", "stamp"])

    private static let run = HostRemoval(
        isDryRun: false,
        items: [
            .init(registry, .removed),
            .init(
                .registry("/sys/fs/bpf/alice", programs: []),
                .left(
                    .refused(
                        PacketMetadataError(ExampleRefusal(reason: "it belongs to alice", remedy: "Say --trust-owner."))
                    ))),
            .init(held, .removed),
            .init(orphan, .removed),
            .init(.link(7, at: nil, programID: 15, programName: nil, holders: []), .removed),
            .init(
                .link(8, at: "netfilter ipv4 input, priority 0", programID: 16, programName: "firewall", holders: []),
                .planned),
            .init(
                .program(unnamed, occupant(.xdpNetlink, 16, "other"), holders: []),
                .kept(reason: "it uses a registry of pktmeta's, and was loaded by somebody else")),
            .init(.qdisc(blue), .removed),
            .init(.qdisc(unnamed), .kept(reason: "filters of others hang from it")),
            .init(
                .loaded(12, name: "producer"),
                .left(.held(by: ["process 814 (pktmeta)"]))),
            .init(.loaded(13, name: "steer"), .left(.heldBySockets)),
            .init(.map(9), .left(.heldOutOfSight)),
            .init(
                .unseen("programs without pins cannot be looked for without CAP_SYS_ADMIN"),
                .left(.unseen)),
        ])

    private static let plan = HostRemoval(
        isDryRun: true,
        items: [
            .init(registry, .planned), .init(held, .planned), .init(orphan, .planned), .init(.qdisc(blue), .planned),
        ])

    @Test func whatWasDoneAndWhatWasNot() throws {
        try expectSnapshot(RemovalRendering(Self.run).text, "removal.txt")
        try expectSnapshot(RemovalDocument(Self.run).json, "removal.json")
        #expect(Self.run.exitCode == 79)
    }

    @Test func whatWouldBeDone() throws {
        try expectSnapshot(RemovalRendering(Self.plan).text, "removal-plan.txt")
        #expect(Self.plan.exitCode == 0)
    }

    @Test func whereNothingIs() {
        for isDryRun in [false, true] {
            let nothing = HostRemoval(isDryRun: isDryRun, items: [])
            #expect(RemovalRendering(nothing).text == "nothing of pktmeta is there")
            #expect(nothing.exitCode == 0)
        }
    }

    /// As delete-registry, it takes a word.
    @Test(arguments: [[], ["--force", "--dry-run"]])
    func itTakesAWord(_ arguments: [String]) {
        let run = CommandRun(["remove-from-host"] + arguments)
        #expect(run.exitCode == 64)
        #expect(run.errors.contains("--dry-run"), "\(run.errors)")
    }
}
