// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// One system call after the other fails: what a command says, and its exit code, is what came of it.
///
/// Exit code 0 is all done; 79 is done, but not all that goes with it, with the words for both; any other is nothing done.
///
/// `PKTMETA_FAULTS=all` tries each call; else they are spread evenly, from a place on that is chance.
@Suite(Kernel.required, .serialized) struct FaultTests {
    static let isWhole = ProcessInfo.processInfo.environment["PKTMETA_FAULTS"] == "all"

    struct Scene: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var prepare: [[String]] = []
        let command: [String]
        let undo: [[String]]
        /// Whether it is all done, none of it (false), or something between (nil).
        let isDone: @Sendable (KillBench) throws -> Bool?
        /// Of how many calls, unless of all.
        var tries = 16
    }

    private static let create = [
        ["create-registry", "--capacity", "64"],
        ["register-field", "seven", "--type", "u32", "--source", "constant:7"],
    ]
    private static let attach = ["attach-to-interface", VethPair.far, "--xdp", "prebuilt", "--tc", "prebuilt"]
    private static let detach = ["detach-from-interface", VethPair.far]
    private static let register = ["register-field", "fresh", "--type", "u32", "--source", "constant:9"]
    private static let unregister = ["unregister-field", "fresh"]
    private static let number = ["register-field", "number", "--type", "u64"]

    static let scenes =
        ofInterfaces + ofDeclarations + ofSteerings + ofCgroups + (KillScene.hasNetfilter ? ofNetfilter : [])

    private static let ofInterfaces = [
        Scene(
            testDescription: "register-field", prepare: create + [attach], command: register, undo: [unregister],
            isDone: { try $0.view()?.names.contains("fresh") }),
        Scene(
            testDescription: "unregister-field", prepare: create + [attach, register], command: unregister,
            undo: [register], isDone: { try $0.view().map { !$0.names.contains("fresh") } }),
        Scene(
            testDescription: "attach-to-interface", prepare: create, command: attach, undo: [detach],
            isDone: { try attached($0).map { $0 } }),
        Scene(
            testDescription: "detach-from-interface", prepare: create + [attach], command: detach, undo: [attach],
            isDone: { try attached($0).map { !$0 } }),
        Scene(
            testDescription: "delete-registry", prepare: create + [attach], command: ["delete-registry", "--force"],
            undo: create + [attach],
            isDone: { bench in
                if bench.pins.isEmpty { return true }
                return try attached(bench) == true && bench.view()?.names == ["seven"] ? false : nil
            }),
    ]

    private static let ofDeclarations = [
        Scene(
            testDescription: "apply", prepare: create, command: KillScene.apply, undo: [KillScene.applyNone],
            isDone: { try isApplied($0) }),
        Scene(
            testDescription: "apply --prune", prepare: create + [KillScene.apply], command: KillScene.applyNone,
            undo: [KillScene.apply], isDone: { try isApplied($0).map { !$0 } }),
        Scene(
            testDescription: "apply --replace, of another size", prepare: create + [attach],
            command: KillScene.applySize(32), undo: [KillScene.applySize(64)],
            isDone: { try Registry.open(at: $0.scratch.path, for: .read).image().word.capacity == 32 }),
    ]

    /// Fields and programs, neither, or (nil) some of them.
    private static func isApplied(_ bench: KillBench) throws -> Bool? {
        let names = try bench.view()?.names ?? []
        let hasFields = ["fresh", "extra"].map(names.contains)
        guard let isAttached = try attached(bench) else { return nil }
        return hasFields.allSatisfy { $0 == isAttached } ? isAttached : nil
    }

    private static let ofSteerings = [
        Scene(
            testDescription: "create-steering", prepare: create, command: KillScene.steer, undo: [KillScene.unsteer],
            isDone: { steering($0) }),
        Scene(
            testDescription: "delete-steering", prepare: create + [KillScene.steer], command: KillScene.unsteer,
            undo: [KillScene.steer], isDone: { steering($0).map { !$0 } }),
        Scene(
            testDescription: "delete-registry, with a steering", prepare: create + [KillScene.steer],
            command: ["delete-registry", "--force"], undo: create + [KillScene.steer],
            isDone: { bench in
                if bench.pins.isEmpty { return true }
                return try steering(bench) == true && bench.view()?.names == ["seven"] ? false : nil
            }),
    ]

    /// Whether there is one, all of it; nil: some of it.
    private static func steering(_ bench: KillBench) -> Bool? {
        switch bench.pins.count(where: { $0.hasPrefix("steering/workers/") }) {
        case 0: false
        case 5: true
        default: nil
        }
    }

    private static let ofCgroups = [
        Scene(
            testDescription: "attach-to-cgroup", prepare: create + [number], command: KillScene.attachCgroup,
            undo: [KillScene.detachCgroup], isDone: { try isHeld("to_cgroup", $0) }),
        Scene(
            testDescription: "detach-from-cgroup", prepare: create + [number, KillScene.attachCgroup],
            command: KillScene.detachCgroup, undo: [KillScene.attachCgroup],
            isDone: { try !isHeld("to_cgroup", $0) }),
        Scene(
            testDescription: "attach-to-cgroup --sockets", prepare: create, command: KillScene.attachSockets,
            undo: [KillScene.detachCgroup], isDone: { try areAnswered($0) }, tries: 8),
        Scene(
            testDescription: "detach-from-cgroup, of sockets", prepare: create + [KillScene.attachSockets],
            command: KillScene.detachCgroup, undo: [KillScene.attachSockets],
            isDone: { try areAnswered($0).map { !$0 } }),
    ]

    /// By all three programs, by none, or (nil) by some.
    private static func areAnswered(_ bench: KillBench) throws -> Bool? {
        let held = try ["sockets_get", "sockets_set", "sockets_ingress"].count { try isHeld($0, bench) }
        return held == 0 ? false : held == 3 ? true : nil
    }

    private static let ofNetfilter = [
        Scene(
            testDescription: "attach-to-netfilter", prepare: create + [number],
            command: KillScene.attachNetfilter("in_netfilter"), undo: [KillScene.detachNetfilter],
            isDone: { try isHeld("in_netfilter", $0) }),
        Scene(
            testDescription: "attach-to-netfilter replaces",
            prepare: create + [number, KillScene.attachNetfilter("in_netfilter")],
            command: KillScene.attachNetfilter("dropping"), undo: [KillScene.attachNetfilter("in_netfilter")],
            isDone: { try isHeld("dropping", $0) }),
        Scene(
            testDescription: "detach-from-netfilter",
            prepare: create + [number, KillScene.attachNetfilter("in_netfilter")], command: KillScene.detachNetfilter,
            undo: [KillScene.attachNetfilter("in_netfilter")], isDone: { try !isHeld("in_netfilter", $0) }),
    ]

    /// Whether a program is attached for the registry by a link that it has pinned.
    private static func isHeld(_ program: String, _ bench: KillBench) throws -> Bool {
        try AttachmentStore(of: bench.scratch.path).attachments().contains { attachment in
            guard attachment.record.program == program, let hold = try attachment.hold() else { return false }
            return try ProgramInformation(id: hold.programID).name == String(program.prefix(15))
        }
    }

    /// To both hooks, to none, or (nil) to one.
    private static func attached(_ bench: KillBench) throws -> Bool? {
        try bench.pair.inReceiver {
            let index = try NetworkInterface(named: VethPair.far).index
            let hooks = [
                try !Hook.xdp.programIDs(ifindex: index).isEmpty,
                try !Hook.tcIngress.programIDs(ifindex: index).isEmpty,
            ]
            return hooks[0] == hooks[1] ? hooks[0] : nil
        }
    }

    @Test(arguments: scenes)
    func theExitCodeIsWhatCameOfIt(_ scene: Scene) throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run(scene.prepare)
            let whole = try bench.fail(scene.command, at: 0)
            try #require(whole.exitCode == 0, "\(whole.output)")
            try bench.run(scene.undo)
            var unfinished = 0
            for call in Self.isWhole ? Array(1...whole.calls) : Self.spread(whole.calls, scene.tries) {
                let run = try bench.fail(scene.command, at: call)
                let place =
                    "call \(call) of \(whole.calls), \(run.call ?? "none"): exit code \(String(describing: run.exitCode)): \(run.output)"
                let isDone = try scene.isDone(bench)
                switch run.exitCode {
                case 0: #expect(isDone == true, "\(place)")
                case 79:
                    unfinished += 1
                    #expect(isDone != false || run.output.contains(" 0 of "), "\(place)")
                    #expect(run.output.contains(", but not all that goes with it is done: "), "\(place)")
                    #expect(run.output.contains("finishes") || run.output.contains("goes on with it"), "\(place)")
                default: #expect(isDone == false, "\(place)")
                }
                if scene.command[0] == "register-field" {
                    let hasID = run.output.split(separator: "\n").contains { $0.hasPrefix("0x") }
                    #expect(hasID == isDone, "\(place)")
                }
                // Whatever came of it, the next commands go on.
                if bench.pins.isEmpty {
                    try bench.run(scene.prepare)
                } else {
                    try bench.run([["repair"]], allowing: [66])
                    try bench.run([scene.command] + scene.undo, allowing: [66])
                }
            }
            print(
                "failed: \(scene.testDescription): \(unfinished) times done and not finished, of \(whole.calls) calls")
        }
    }

    private static func spread(_ count: Int, _ tries: Int) -> [Int] {
        let step = max(1, count / tries)
        return Array(stride(from: Int.random(in: 1...step), through: count, by: step))
    }

    /// What was done is said, with the id, and what finishes it: in words and as JSON.
    @Test func aFieldWhoseProgramsAreNotRenewed() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run(Self.create + [Self.attach])
            for isJSON in [false, true] {
                let run = try bench.fail(Self.register + (isJSON ? ["--json"] : []), at: 1, of: .linkUpdate)
                try #require(run.call != nil, "\(run.output)")
                #expect(run.exitCode == 79, "\(run.output)")
                let id = try #require(try bench.view()?.fields["fresh"]).id
                if isJSON {
                    #expect(run.output.contains("\"id\" : \(id)"), "\(run.output)")
                    #expect(run.output.contains("\"kind\" : \"unfinished\""))
                } else {
                    #expect(
                        run.output.hasPrefix(
                            String(format: "0x%08x", id) + "\npktmeta: fresh is registered, but not all"),
                        "\(run.output)")
                    #expect(run.output.contains("cannot renew "))
                    #expect(run.output.contains("pktmeta repair --registry \(bench.scratch.path) finishes it."))
                }
                // As it says.
                #expect(try bench.run(["repair"]).exitCode == 0)
                try bench.run([Self.unregister])
            }
        }
    }

    /// A folder that cannot be read to its end is not taken for one that has no more.
    @Test func aFolderThatCannotBeRead() throws {
        try Kernel.run {
            let bench = try KillBench()
            try bench.run(Self.create + [Self.attach])
            var tried = 0
            while true {
                let run = try bench.fail(["repair"], at: tried + 1, of: .readFolder)
                guard run.call != nil else { break }
                tried += 1
                #expect(run.exitCode == 70, "\(run.output)")
                #expect(run.output.contains("(EIO)"), "\(run.output)")
            }
            #expect(tried > 0)
        }
    }
}

extension KillBench {
    /// - Parameter call: of those that can fail; 0 for none.
    fileprivate func fail(_ arguments: [String], at call: Int) throws -> TracedRun {
        let arguments = try completed(arguments)
        return try pair.inReceiver { try TracedRun(arguments, failingAt: call, with: .ioError) }
    }
    /// - Parameter call: of that kind, from 1 on.
    fileprivate func fail(_ arguments: [String], at call: Int, of kind: TracedRun.Kind) throws -> TracedRun {
        let arguments = try completed(arguments)
        return try pair.inReceiver { try TracedRun(arguments, failing: call, of: kind, with: .ioError) }
    }
}
