// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import TestSupport
import Testing

/// A command to be killed, and how to come to where it is run.
struct KillScene: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Done once.
    var prepare: [[String]] = []
    let command: [String]
    /// Leads back, whether the command was done, half done or not done. Each may find that there is nothing to do.
    let undo: [[String]]
    /// There is a registry before the command, and one after it.
    var hasRegistry = (before: true, after: true)

    private static let create = [
        ["create-registry", "--capacity", "64"],
        ["register-field", "seven", "--type", "u32", "--source", "constant:7"],
        ["register-field", "narrow", "--type", "u16", "--source", "constant:513"],
        ["register-field", "wide", "--type", "u64", "--source", "constant:1234605616436508552"],
    ]
    /// What packets must carry, of fields with a source.
    static let constants = ["seven": 7, "narrow": 513, "wide": 1_234_605_616_436_508_552, "fresh": 9]

    private static let attach = ["attach-to-interface", VethPair.far]
    private static let attachPrebuilt = attach + ["--xdp", "prebuilt", "--tc", "prebuilt"]
    private static let detach = ["detach-from-interface", VethPair.far]
    /// In a mode that both interfaces have, they have the same programs.
    private static let attachTwo = attachPrebuilt + ["lo", "--mode", "generic"]
    /// One command for both would do nothing where only one of them was attached to.
    private static let detachTwo = [detach, ["detach-from-interface", "lo"]]
    private static let register = ["register-field", "fresh", "--type", "u32", "--source", "constant:9"]
    private static let unregister = ["unregister-field", "fresh"]
    private static let steady = [
        ["register-field", "steady", "--type", "u64"], ["register-field", "mover", "--type", "u32"],
    ]
    /// Programs bound to steady and mover; they count values that are wrong.
    private static var attachBound: [String] {
        attach + ["--xdp", Fixture.object("torture").string, "--tc", Fixture.object("torture_steady").string]
    }
    private static let shared = ["register-field", "shared", "--type", "u32"]
    /// A second program of a chain.
    private static var join: [String] { attach + ["--xdp", Fixture.object("chain_xdp").string + ":reader", "--join"] }
    private static let leave = detach + ["--xdp", "--program", "reader"]
    /// Leaves a hole, which closing makes larger.
    private static let makeHole = [
        ["unregister-field", "high"], ["register-field", "low", "--type", "bytes:8"],
        ["register-field", "high", "--type", "u64"], ["unregister-field", "low"],
    ]

    static let steer = ["create-steering", "workers", "--field", "seven", "--sockets", "4", "--share-with", "1"]
    static let unsteer = ["delete-steering", "workers"]
    /// What programs of Tests/Programs/filter_places.bpf.c get.
    private static let number = ["register-field", "number", "--type", "u64"]
    /// Linux 6.4; none between 6.1 and 6.12 is tried.
    static let hasNetfilter = SurvivalKernel.running >= .linux612
    static func attachNetfilter(_ program: String) -> [String] {
        let object = Fixture.object("filter_places").string
        return ["attach-to-netfilter", "\(object):\(program)", "--hook", "input", "--family", "ipv4"]
    }
    static let detachNetfilter = ["detach-from-netfilter"]
    static var attachCgroup: [String] {
        ["attach-to-cgroup", KillBench.cgroup, "--ingress", Fixture.object("filter_places").string + ":to_cgroup"]
    }
    static let detachCgroup = ["detach-from-cgroup", KillBench.cgroup]
    static let attachSockets = ["attach-to-cgroup", KillBench.cgroup, "--sockets", "next,at"]

    static let all = ofInterfaces + ofDeclarations + ofSteerings + ofCgroups + (hasNetfilter ? ofNetfilter : [])

    /// Documents, which are there for as long as the tests run.
    private static let documents = try? ScratchFolder()

    private static func document(_ name: String, _ text: String) -> String {
        (try? documents?.write(Array("{owner: acme, \(text)}".utf8), as: "\(name).yaml"))?.string ?? "nowhere"
    }

    static let apply = [
        "apply",
        document(
            "some",
            """
            fields: {fresh: {type: u32, source: "constant:9"}, extra: {type: u8}},
            interfaces: [{name: \(VethPair.far), xdp: prebuilt, tc: prebuilt}]
            """),
    ]
    static let applyNone = ["apply", "--prune", document("none", "fields: {}")]
    static func applySize(_ bytes: Int) -> [String] {
        ["apply", "--replace", document("size\(bytes)", "registry: {capacity: \(bytes)}")]
    }

    private static let ofDeclarations = [
        KillScene(testDescription: "apply", prepare: create, command: apply, undo: [applyNone]),
        KillScene(testDescription: "apply --prune", prepare: create + [apply], command: applyNone, undo: [apply]),
        KillScene(
            testDescription: "apply --replace, of another size", prepare: create + [attachPrebuilt],
            command: applySize(32),
            undo: [applySize(64)]),
    ]

    private static let ofSteerings = [
        KillScene(testDescription: "create-steering", prepare: create, command: steer, undo: [unsteer]),
        KillScene(testDescription: "delete-steering", prepare: create + [steer], command: unsteer, undo: [steer]),
        KillScene(
            testDescription: "delete-registry, with a steering", prepare: create + [steer],
            command: ["delete-registry", "--force"], undo: create + [steer], hasRegistry: (before: true, after: false)),
    ]

    private static let ofCgroups = [
        KillScene(
            testDescription: "attach-to-cgroup", prepare: create + [number], command: attachCgroup,
            undo: [detachCgroup]),
        KillScene(
            testDescription: "detach-from-cgroup", prepare: create + [number, attachCgroup], command: detachCgroup,
            undo: [attachCgroup]),
        // The maps that sockets have asked by stay in the registry.
        KillScene(
            testDescription: "attach-to-cgroup --sockets", prepare: create + [attachSockets, detachCgroup],
            command: attachSockets, undo: [detachCgroup]),
        KillScene(
            testDescription: "detach-from-cgroup, of sockets", prepare: create + [attachSockets],
            command: detachCgroup, undo: [attachSockets]),
        KillScene(
            testDescription: "register-field, a cgroup's program is renewed",
            prepare: create + [number, attachCgroup], command: register, undo: [unregister]),
    ]

    private static let ofNetfilter = [
        KillScene(
            testDescription: "attach-to-netfilter", prepare: create + [number],
            command: attachNetfilter("in_netfilter"), undo: [detachNetfilter]),
        KillScene(
            testDescription: "attach-to-netfilter replaces",
            prepare: create + [number, attachNetfilter("in_netfilter")], command: attachNetfilter("dropping"),
            undo: [attachNetfilter("in_netfilter")]),
        KillScene(
            testDescription: "detach-from-netfilter", prepare: create + [number, attachNetfilter("in_netfilter")],
            command: detachNetfilter, undo: [attachNetfilter("in_netfilter")]),
        KillScene(
            testDescription: "register-field, netfilter's program is renewed",
            prepare: create + [number, attachNetfilter("in_netfilter")], command: register, undo: [unregister]),
    ]

    private static let ofInterfaces = [
        KillScene(
            testDescription: "create-registry", command: create[0], undo: [["delete-registry", "--force"]],
            hasRegistry: (before: false, after: true)),
        KillScene(testDescription: "register-field", prepare: create, command: register, undo: [unregister]),
        KillScene(
            testDescription: "register-field, programs are renewed", prepare: create + [attachPrebuilt],
            command: register, undo: [unregister]),
        KillScene(
            testDescription: "unregister-field, programs are renewed", prepare: create + [register, attachPrebuilt],
            command: unregister, undo: [register]),
        KillScene(
            testDescription: "unregister-field, bound programs are renewed",
            prepare: create + steady + [register, attachBound], command: unregister, undo: [register]),
        KillScene(
            testDescription: "compact", prepare: create + [attachPrebuilt] + makeHole, command: ["compact"],
            undo: makeHole),
        KillScene(
            testDescription: "compact, bound programs are renewed", prepare: create + steady + [attachBound] + makeHole,
            command: ["compact"], undo: makeHole),
        KillScene(
            testDescription: "reset-state", prepare: create + [attachPrebuilt], command: ["reset-state", "--areas"],
            undo: []),
        KillScene(testDescription: "attach-to-interface", prepare: create, command: attachPrebuilt, undo: [detach]),
        KillScene(
            testDescription: "attach-to-interface, bound objects", prepare: create + steady, command: attachBound,
            undo: [detach]),
        KillScene(
            testDescription: "attach-to-interface, missing fields are registered", prepare: create,
            command: attachBound + ["--register-missing"],
            undo: [detach, ["unregister-field", "mover"], ["unregister-field", "steady"]]),
        KillScene(
            testDescription: "attach-to-interface replaces",
            prepare: create + [shared, attachPrebuilt],
            command: attach + ["--xdp", Fixture.object("sharing_xdp").string], undo: [attachPrebuilt]),
        KillScene(
            testDescription: "attach-to-interface --join", prepare: create + [shared, attachPrebuilt], command: join,
            undo: [leave]),
        KillScene(
            testDescription: "detach-from-interface --program", prepare: create + [shared, attachPrebuilt, join],
            command: leave, undo: [join]),
        KillScene(
            testDescription: "detach-from-interface", prepare: create + [attachPrebuilt], command: detach,
            undo: [attachPrebuilt]),
        KillScene(
            testDescription: "attach-to-interface, two with one program", prepare: create, command: attachTwo,
            undo: detachTwo),
        KillScene(
            testDescription: "register-field, the program of two interfaces is renewed", prepare: create + [attachTwo],
            command: register, undo: [unregister]),
        KillScene(
            testDescription: "detach-from-interface, one of two with one program", prepare: create + [attachTwo],
            command: ["detach-from-interface", "lo"], undo: [attachTwo]),
        KillScene(
            testDescription: "delete-registry", prepare: create + [attachPrebuilt],
            command: ["delete-registry", "--force"], undo: create + [attachPrebuilt],
            hasRegistry: (before: true, after: false)),
    ]
}
