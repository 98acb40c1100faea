// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// Which programs are attached to the far end of a pair: the user's own ones are in Tests/Programs/application.bpf.c.
enum Scene: String, CaseIterable {
    case nothing
    case own
    case prebuilt
    /// Own in XDP, prebuilt at TC.
    case both
    case chain
    case scrubbed

    struct Program: Equatable {
        let name: String
        let object: String
        let fields: Set<String>
    }

    /// Calls for one field, for each packet, and the last value that the prebuilt consumer saw.
    struct Calls: Equatable {
        var set = 0
        var got = 0
        var notSet = 0
        var last: String?
    }

    static var application: String { Fixture.object("application").string }

    static let fields = ["tenant", "hops", "number", "length", "secret"]

    /// Of attach-to-interface; nil for none.
    var arguments: [String]? {
        func own(_ name: String) -> String { "\(Self.application):\(name)" }
        return switch self {
        case .nothing: nil
        case .own: ["--xdp", own("stamp"), "--tc", own("steer")]
        case .prebuilt: []
        case .both: ["--xdp", own("stamp"), "--tc", "prebuilt"]
        case .chain:
            [
                "--xdp", own("stamp"), "--xdp", own("label"), "--xdp", "prebuilt", "--tc", own("steer"), "--tc",
                "prebuilt",
            ]
        case .scrubbed: ["--xdp", own("stamp"), "--xdp", "prebuilt", "--tc", "scrub", "--tc", "prebuilt"]
        }
    }

    /// In the order in which they run.
    var xdp: [Program] {
        switch self {
        case .nothing: []
        case .own, .both: [Self.own("stamp")]
        case .scrubbed: [Self.own("stamp"), Self.producer]
        case .prebuilt: [Self.producer]
        case .chain: [Self.own("stamp"), Self.own("label"), Self.producer]
        }
    }

    var tc: [Program] {
        switch self {
        case .nothing: []
        case .own: [Self.own("steer")]
        case .prebuilt, .both: [Self.consumer]
        case .chain: [Self.own("steer"), Self.consumer]
        case .scrubbed: [Self.scrub, Self.consumer]
        }
    }

    private static func own(_ name: String) -> Program {
        Program(name: name, object: application, fields: [name == "label" ? "hops" : "tenant"])
    }
    private static let producer = Program(
        name: "producer", object: "prebuilt producer", fields: ["number", "length", "secret"])
    private static let consumer = Program(name: "consumer", object: "prebuilt consumer", fields: Set(fields))
    private static let scrub = Program(name: "scrub", object: "prebuilt scrub", fields: ["secret"])

    /// For each packet, by field.
    var calls: [String: Calls] {
        let unread = Dictionary(uniqueKeysWithValues: Self.fields.map { ($0, Calls(notSet: 1)) })
        let stamped = Calls(set: 1, got: 1, last: "42")
        let produced = [
            "number": Calls(set: 1, got: 1), "length": Calls(set: 1, got: 1, last: "106"),
            "secret": Calls(set: 1, got: 1, last: "9"),
        ]
        switch self {
        case .nothing: return Dictionary(uniqueKeysWithValues: Self.fields.map { ($0, Calls()) })
        case .own: return Scene.nothing.calls.merging(["tenant": Calls(set: 1, got: 1)]) { $1 }
        case .prebuilt: return unread.merging(produced) { $1 }
        case .both: return unread.merging(["tenant": stamped]) { $1 }
        case .scrubbed:
            let hidden = ["tenant": stamped, "secret": Calls(set: 1, notSet: 1)]
            return unread.merging(produced) { $1 }.merging(hidden) { $1 }
        case .chain:
            let own = ["tenant": Calls(set: 1, got: 2, last: "42"), "hops": Calls(set: 1, got: 1, last: "7")]
            return produced.merging(own) { $1 }
        }
    }

    /// What a packet carries behind all programs.
    var carried: Set<String> {
        switch self {
        case .nothing: []
        case .own, .both: ["tenant"]
        case .scrubbed: ["tenant", "number", "length"]
        case .prebuilt: ["number", "length", "secret"]
        case .chain: Set(Self.fields)
        }
    }
}

/// A registry with fields, and a scene at the far end of a pair.
struct Stage {
    let scene: Scene
    let pair: VethPair
    let command: ReleasedCommand
    private let scratch = ScratchRegistry()

    init(_ scene: Scene, _ memory: Memory) throws {
        self.scene = scene
        pair = try VethPair()
        command = ReleasedCommand(memory: memory, registry: scratch.path)
        try command.expect("register-field", "tenant", "--type", "u32", "--owner", "acme")
        try command.expect("register-field", "hops", "--type", "u8")
        try command.expect("register-field", "number", "--type", "u32", "--source", "sequence")
        try command.expect("register-field", "length", "--type", "u32", "--source", "packet-length")
        try command.expect("register-field", "secret", "--type", "u8", "--source", "constant:9", "--private")
    }

    /// Does it at the far end. The registry is removed afterwards, whatever became of the test.
    func run(_ body: (ReleasedCommand) throws -> Void) throws {
        defer { withExtendedLifetime(scratch) {} }
        try pair.inReceiver { try body(command) }
    }

    /// - Returns: of attach-to-interface, a line or a document.
    func attach(_ options: String...) throws -> ReleasedCommand.Run? {
        guard let arguments = scene.arguments else { return nil }
        return try command.run(["attach-to-interface", VethPair.far] + arguments + options)
    }
}
