// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// Commands killed while they load bound programs anew, and packets come as fast as they can.
///
/// Nobody repairs between two of them: each finds what the one before has left. `PKTMETA_TORTURE_SECONDS` says how long.
@Suite(Kernel.required, .serialized) struct KilledRenewalTests {
    @Test func noValueIsWrongAndNoneRefused() throws {
        try Kernel.run {
            let loop = try KilledRenewals()
            try loop.run(seconds: TortureTests.seconds)
            let report = try loop.finish()
            print("killed renewals: \(report)")
            #expect(report.wrong == 0 && report.steadyWrong == 0 && report.steadyRefused == 0, "\(report)")
            #expect(report.problems.isEmpty, "\(report)")
            // Otherwise the test would show nothing.
            #expect(report.killed > 5 && report.finished > 2 && report.right > 1000 && report.steadyRight > 1000)
        }
    }
}

/// A loop of killed commands, and what programs counted meanwhile.
private final class KilledRenewals {
    private let bench: KillBench
    private let folder: ScratchFolder
    private let reader: BPFMap
    private let link: BPFLink
    private let targets: BPFMap
    private var report = Report()
    /// The most calls that a command was seen to make.
    private var calls: [String: Int] = [:]
    private static let types = ["u32", "u32", "u64", "u64", "bytes:16"]
    private static let moverPlace = 5

    struct Report {
        var killed = 0, finished = 0, compactions = 0
        var right: UInt64 = 0, wrong: UInt64 = 0, noEntry: UInt64 = 0, fault: UInt64 = 0
        var steadyRight: UInt64 = 0, steadyWrong: UInt64 = 0, steadyRefused: UInt64 = 0
        var problems: [String] = []
    }

    init() throws {
        let bench = try KillBench(.full)
        let folder = try ScratchFolder()
        try bench.run([
            ["create-registry", "--capacity", "64"], ["register-field", "steady", "--type", "u64"],
            ["register-field", "mover", "--type", "u32"],
            [
                "attach-to-interface", VethPair.far, "--xdp", Fixture.object("torture").string, "--tc",
                Fixture.object("torture_steady").string,
            ], ["export-btf", folder.path.appending("types").string],
        ])
        // A reader by ids that nobody loads anew, behind those that pktmeta attached.
        let bytes = try Fixture.bytes(Fixture.object("torture"))
        let object = try BPFObject(bytes: bytes, name: "reader", typesPath: folder.path.appending("types").string)
        try object.reuse(BPFMap(pinnedAt: bench.scratch.path.appending("registry")), as: "pktmeta_fields")
        targets = try BPFMap(pinnedAt: bench.pin("xdp", "targets"))
        try object.reuse(targets, as: "targets")
        let program = try object.load(only: "torture_dynamic")
        reader = try object.map("outcomes")
        link = try bench.pair.inReceiver {
            try BPFLink.tcx(program, ifindex: NetworkInterface(named: VethPair.far).index, .ingress)
        }
        self.bench = bench
        self.folder = folder
        try targets.update(at: Self.moverPlace, id(of: "mover"))
    }

    private func id(of name: String) throws -> [UInt8] {
        let id = try #require(try bench.view()?.fields[name]?.id, "\(name)")
        return encode(UInt32(id))
    }

    func run(seconds: Double) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        // On a busy machine few commands come to their end.
        let patience = deadline + .seconds(60)
        while ContinuousClock.now < deadline || (lacksEvidence && ContinuousClock.now < patience) {
            let view = try #require(try bench.view())
            report.problems += view.problems
            let place = Self.types.indices.randomElement() ?? 0
            let name = "churn_\(place)"
            if Int.random(in: 0..<5) == 0 {
                try killSomewhere(["compact"])
            } else if view.fields[name] != nil {
                try killSomewhere(["unregister-field", name])
            } else {
                try killSomewhere(["register-field", name, "--type", Self.types[place]])
                if try bench.view()?.fields[name] != nil { try targets.update(at: place, id(of: name)) }
            }
        }
    }

    private var lacksEvidence: Bool { report.finished < 3 || report.killed < 6 }

    private func killSomewhere(_ command: [String]) throws {
        // Now and then it is not killed: else nobody would know how many calls it makes.
        let known = calls[command[0]] ?? 0
        let isSpared = known == 0 || Int.random(in: 0..<5) == 0
        let run = try bench.trace(command, stoppingAt: isSpared ? 0 : Int.random(in: 1...known))
        calls[command[0]] = max(known, run.calls)
        switch run.exitCode {
        case nil: report.killed += 1
        case 0:
            report.finished += 1
            report.compactions += command == ["compact"] && run.output.contains("moved") ? 1 : 0
        case 73: report.finished += 1  // no space
        case let code?: report.problems.append("\(command): exit code \(code): \(run.output)")
        }
    }

    func finish() throws -> Report {
        try bench.stopPackets()
        // Whatever was killed last is finished by the next.
        try bench.run(
            [["register-field", "probe", "--type", "flag"], ["unregister-field", "probe"]], allowing: [73, 66])
        let leaks = try eventually { try bench.leaks(besides: [link.information.programID]).isEmpty }
        if !leaks { report.problems += try bench.leaks(besides: [link.information.programID]) }
        report.problems += bench.pins.filter { $0.contains("tmp-") || $0.contains("next") }
        let dynamic = try counts(reader)
        (report.right, report.wrong, report.noEntry, report.fault) = (dynamic[1], dynamic[2], dynamic[3], dynamic[4])
        let steady = try counts(BPFMap(pinnedAt: bench.pin("tc_ingress", "outcomes")))
        (report.steadyRight, report.steadyWrong, report.steadyRefused) = (steady[6], steady[7], steady[8])
        return report
    }

    private func counts(_ map: borrowing BPFMap) throws -> [UInt64] {
        try (0..<map.shape.entries).map { key in
            try map.values(at: key).reduce(0) { $0 + decode($1, as: UInt64.self) }
        }
    }
}
