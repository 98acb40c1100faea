// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// No get returns another field's bytes, whatever happens to the registry while packets are under way.
///
/// `PKTMETA_TORTURE_SECONDS` says how long; `make torture` takes ten minutes.
@Suite(Kernel.required, .serialized) struct TortureTests {
    static let seconds = Double(ProcessInfo.processInfo.environment["PKTMETA_TORTURE_SECONDS"] ?? "") ?? 5

    @Test func noValueIsEverWrong() throws {
        try Kernel.run {
            let report = try Torture(object: "torture").run(seconds: Self.seconds, until: Self.showsSomething)
            print("torture: \(report)")
            #expect(report.wrong == 0, "\(report)")
            #expect(report.steadyWrong == 0 && report.steadyRefused == 0, "\(report)")
            #expect(Self.showsSomething(report), "\(report)")
        }
    }

    /// Whether there was enough to go wrong.
    private static func showsSomething(_ report: TortureReport) -> Bool {
        report.operations > 10 && report.packets > 1000 && report.right > 1000 && report.fault > 0
            && report.noEntry > 0 && report.compactions > 0 && report.steadyRight > 1000
    }

    /// The same programs without the check of generations: if they passed, the test above could not fail.
    @Test func withoutTheCheckValuesAreWrong() throws {
        try Kernel.run {
            let report = try Torture(object: "torture_broken").run(seconds: Self.seconds) { $0.wrong > 0 }
            #expect(report.wrong > 0, "\(report)")
        }
    }
}

struct TortureReport {
    var packets: UInt64 = 0
    var operations = 0
    var compactions = 0
    var right: UInt64 = 0
    var wrong: UInt64 = 0
    var noEntry: UInt64 = 0
    var fault: UInt64 = 0
    var steadyRight: UInt64 = 0
    var steadyWrong: UInt64 = 0
    var steadyRefused: UInt64 = 0
}

/// Traffic, programs and a loop that changes the registry.
final class Torture {
    private let scratch = ScratchRegistry()
    private let pair: VethPair
    private let registry: Registry
    private let reader: LoadedProgram
    private let link: BPFLink
    private let targets: MapBox
    private var churn = FieldChurn()
    private static let moverPlace = 5

    init(object: String) throws {
        pair = try VethPair()
        registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
        try registry.setGeneration(65_530)  // so that generations wrap while the test runs
        _ = try Self.register(registry, "steady", .u64)
        let mover = try Self.register(registry, "mover", .u32)
        let path = Fixture.object(object)
        let (scratchPath, pair) = (scratch.path, pair)
        let registry = try Registry.open(at: scratchPath, for: .write)
        _ = try pair.inReceiver {
            try registry.attach(
                AttachmentRequest(
                    xdp: .programs([.object(path, program: nil)]),
                    tc: .programs([.object(Fixture.object("torture_steady"), program: nil)])),
                to: [VethPair.far])
        }
        let maps = try Self.maps(of: .xdp, scratchPath)
        reader = try ProgramLoader(
            ObjectFile(path: path), image: registry.image(), isStrict: true, isRenewed: false
        ).load("torture_dynamic", for: .tcIngress, in: registry, maps: maps)
        let program = try BPFProgram(id: reader.program.id)
        link = try pair.inReceiver {
            try BPFLink.tcx(program, ifindex: NetworkInterface(named: VethPair.far).index, .ingress)
        }
        targets = MapBox(try BPFMap(pinnedAt: maps.appending("targets")))
        try targets.map.update(at: Self.moverPlace, encode(mover.id.rawValue))
    }

    private static func register(
        _ registry: borrowing Registry, _ name: String, _ type: FieldType
    ) throws -> RegisteredField {
        try registry.register(FieldDefinition(name: FieldName(name), type: type)).field
    }

    private static func maps(of hook: Hook, _ path: FilePath) throws -> FolderEntry {
        let attachments = try AttachmentStore(of: path).attachments()
        return try #require(attachments.first { $0.record.hook == hook }).members[0].folders.maps
    }

    // MARK: Running

    /// - Parameter isEnough: on a busy machine it goes on for up to a minute more until this holds.
    func run(seconds: Double, until isEnough: (TortureReport) -> Bool) throws -> TortureReport {
        var report = TortureReport()
        let traffic = BackgroundTraffic(pair, isPaced: false)
        let start = ContinuousClock.now
        let deadline = start + .seconds(seconds)
        let patience = deadline + .seconds(60)
        var progress = Progress()
        while true {
            let now = ContinuousClock.now
            if now > deadline {
                try count(&report)
                if isEnough(report) || now > patience { break }
            }
            try churn.change(registry, [targets])
            (report.operations, report.compactions) = (churn.operations, churn.compactions)
            let passed = (now - start).components.seconds
            progress.tell("torture: \(passed) of \(Int(seconds)) s, \(report.operations) changes")
        }
        _ = try traffic.stop()
        try count(&report)
        return report
    }

    private func count(_ report: inout TortureReport) throws {
        let dynamic = try counts(reader.object.map("outcomes"))
        let steady = try counts(BPFMap(pinnedAt: Self.maps(of: .tcIngress, scratch.path).appending("outcomes")))
        report.packets = steady[0]
        (report.right, report.wrong, report.noEntry, report.fault) = (dynamic[1], dynamic[2], dynamic[3], dynamic[4])
        (report.steadyRight, report.steadyWrong, report.steadyRefused) = (steady[6], steady[7], steady[8])
    }

    private func counts(_ map: borrowing BPFMap) throws -> [UInt64] {
        try (0..<map.shape.entries).map { key in
            try map.values(at: key).reduce(0) { $0 + decode($1, as: UInt64.self) }
        }
    }
}
