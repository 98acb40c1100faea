// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// In no layer a packet shows another packet's value, or another field's, while fields are registered, unregistered and moved:
/// at a tracepoint, TC, netfilter, a cgroup, a socket's filter, in the choice of a socket, and in a trace, all at once.
///
/// `PKTMETA_LAYER_PACKETS` says of how many packets; `make torture` has a million.
@Suite(Kernel.required, .serialized) struct LayerTortureTests {
    static let packets = UInt64(ProcessInfo.processInfo.environment["PKTMETA_LAYER_PACKETS"] ?? "") ?? 20_000
    /// Each has four objects loaded anew, with the kernel's types.
    static let changes = packets > 100_000 ? 20 : 4

    @Test func noValueIsEverWrong() throws {
        try Kernel.run {
            let report = try LayerTorture().run(Self.packets, Self.changes)
            print("layers: \(report)")
            #expect(report.operations >= Self.changes, "\(report)")
            #expect(report.compactions > 0 || Self.packets < 100_000, "\(report)")
            for (place, seen) in report.places {
                #expect(seen.packets >= Self.packets / 2, "\(place): \(seen)")
                #expect(seen.wrong == 0 && seen.refused == 0, "\(place): \(seen)")
                #expect(seen.right == seen.packets, "\(place): \(seen)")
                #expect(seen.others > 0 && seen.gone > 0, "\(place): \(seen)")
            }
            #expect(report.traced > 100 && report.tracedWrong == 0, "\(report)")
        }
    }
}

/// What programs of Tests/Programs/layers.bpf.c have seen.
struct LayerReport: CustomStringConvertible {
    /// `struct seen`.
    struct Seen: CustomStringConvertible {
        let packets, right, wrong, refused, others, gone: UInt64

        init(_ words: [UInt64]) {
            (packets, right, wrong, refused, others, gone) = (
                words[0], words[1], words[2], words[3], words[4], words[5]
            )
        }

        var description: String {
            "\(packets) packets, numbers right \(right), refused \(refused), other fields got \(others), gone \(gone), wrong \(wrong)"
        }
    }

    var places: [(LayerTorture.Place, Seen)] = []
    var operations = 0
    var compactions = 0
    /// Events of a trace that had both of a packet's fields.
    var traced = 0
    var tracedWrong = 0

    var description: String {
        (places.map { "\($0): \($1)" }
            + [
                "trace: \(traced) events, wrong \(tracedWrong)",
                "\(operations) changes, \(compactions) of them moved fields",
            ]).joined(separator: "; ")
    }
}

/// Packets through all layers, and a loop that changes the registry.
final class LayerTorture {
    /// `enum place` of the programs.
    enum Place: Int, CaseIterable { case tracepoint, tc, netfilter, cgroup, socket, reuseport }

    private let scratch = ScratchRegistry()
    private let pair: VethPair
    private let cgroup: ScratchCgroup
    private let registry: Registry
    private let object: BPFObject
    private let sockets: [Box<ReceivingSocket>]
    private var tracepoint: Box<OwnedFD>?
    private var tables: [MapBox] = []
    private var seen: [MapBox] = []
    private var churn = FieldChurn()
    /// The upper half of this test's numbers, in the table of targets.
    private let tag = UInt32.random(in: 1 << 16...UInt32.max)
    private static let tagPlace = 5

    init() throws {
        pair = try VethPair()
        cgroup = try ScratchCgroup()
        registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
        try registry.setGeneration(65_530)  // so that generations wrap while the test runs
        for (name, type) in [("number", FieldType.u64), ("check", .u32)] {
            _ = try registry.register(FieldDefinition(name: FieldName(name), type: type))
        }
        let (cgroup, path) = (cgroup, Fixture.object("layers"))
        // Programs of others, which nobody loads anew.
        object = try registry.objectOfOthers(path, name: "layers", withKernelTypes: true)
        try object.load(["at_tracepoint", "in_socket", "in_reuseport"])
        sockets = try pair.inReceiver {
            try (0..<2).map { _ in Box(try ReceivingSocket(port: VethPair.port, of: cgroup)) }
        }
        for socket in sockets { try socket.value.attach(object.program("in_socket")) }
        try sockets[0].value.attachToGroup(object.program("in_reuseport"))
        tracepoint = Box(try OtherHooks.rawTracepoint("netif_receive_skb", object.program("at_tracepoint")))
        try attach(path.string)
        tables = try maps("targets")
        seen = try maps("seen")
        for table in tables { try table.map.update(at: Self.tagPlace, encode(tag)) }
    }

    private func attach(_ object: String) throws {
        var commands = [
            ["attach-to-interface", VethPair.far, "--xdp", object + ":number_packets", "--tc", object + ":at_tc"],
            ["attach-to-cgroup", cgroup.path.string, "--ingress", object + ":in_cgroup"],
        ]
        if KillScene.hasNetfilter {
            commands.append(
                ["attach-to-netfilter", object + ":in_netfilter", "--hook", "input", "--family", "ipv4"])
        }
        for command in commands {
            let run = try pair.inReceiver { CommandRun(command + ["--registry", scratch.path.string]) }
            try #require(run.exitCode == 0, "\(command): \(run.errors)")
        }
    }

    /// Of each attachment, and of the programs of others: they keep theirs as they are loaded anew.
    private func maps(_ name: String) throws -> [MapBox] {
        let pinned = try scratch.pins.filter { $0.contains("/current/") && $0.hasSuffix("/maps/\(name)") }.map {
            MapBox(try BPFMap(pinnedAt: scratch.path.appending($0)))
        }
        return pinned + [MapBox(try object.map(name))]
    }

    // MARK: Running

    /// Nobody reads the sockets: what is too much for them is dropped behind all that looks at it.
    ///
    /// - Parameters:
    ///   - packets: that TC is to have seen.
    ///   - changes: of the registry that there are to have been besides.
    func run(_ packets: UInt64, _ changes: Int) throws -> LayerReport {
        var report = LayerReport()
        var request = TraceRequest()
        request.sample = packets > 100_000 ? 512 : 64
        let trace = try registry.trace(request)
        let traffic = BackgroundTraffic(pair, numbersFrom: UInt64(tag) << 32)
        let patience = ContinuousClock.now + .seconds(120 + Int(packets / 1000))
        var progress = Progress()
        while ContinuousClock.now < patience {
            let tc = try total(.tc)
            if tc.packets >= packets, tc.gone > 0, churn.operations >= changes, report.traced > 100 { break }
            try churn.change(registry, tables)
            try read(trace, &report)
            progress.tell("layers: \(tc.packets) of \(packets) packets, \(churn.operations) changes")
        }
        _ = try traffic.stop()
        try read(trace, &report)
        (report.operations, report.compactions) = (churn.operations, churn.compactions)
        report.places = try Place.allCases.filter { $0 != .netfilter || KillScene.hasNetfilter }.map { place in
            (place, try total(place))
        }
        return report
    }

    private func total(_ place: Place) throws -> LayerReport.Seen {
        let each = try seen.map { SurvivalSeen.words(try $0.map.values(at: place.rawValue)[0]) }
        return LayerReport.Seen((0..<6).map { index in each.reduce(0) { $0 + $1[index] } })
    }

    private func read(_ trace: TraceStream, _ report: inout LayerReport) throws {
        for packet in try TraceTests.events(trace) {
            func value(_ name: String) -> UInt64? { packet.fields?.first { $0.name.text == name }?.value.number }
            guard let number = value("number"), number >> 32 == UInt64(tag), let check = value("check") else {
                continue
            }
            report.traced += 1
            if check != Self.mix(number) & 0xffff_ffff { report.tracedWrong += 1 }
        }
    }

    /// `mix()` of torture_values.bpf.h.
    private static func mix(_ number: UInt64) -> UInt64 {
        var x = number
        x = (x ^ x >> 30) &* 0xbf58_476d_1ce4_e5b9
        x = (x ^ x >> 27) &* 0x94d0_49bb_1331_11eb
        return x ^ x >> 31
    }
}
