// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// `inspect-map` on real packets.
@Suite(Kernel.required) struct InspectionTests {
    typealias Bench = PairTests.Bench

    private static let schema = JSONSchema("inspection")

    private static func inspect(_ bench: Bench, _ arguments: String...) -> CommandRun {
        CommandRun(["inspect-map"] + arguments + ["--registry", bench.scratch.path.string])
    }

    // MARK: What is shown

    /// A value of a type, and as it is shown: text, and for integers number and bits.
    struct Extreme: CustomTestStringConvertible {
        let type, value, text: String
        var number: UInt64?
        var testDescription: String { "\(type) \(value)" }

        var bits: Int? { number.map { 64 - $0.leadingZeroBitCount } }
    }

    static let extremes: [Extreme] = [
        Extreme(type: "flag", value: "", text: "set"),
        Extreme(type: "u8", value: "0", text: "0", number: 0),
        Extreme(type: "u8", value: "255", text: "255", number: 255),
        Extreme(type: "u16", value: "0", text: "0", number: 0),
        Extreme(type: "u16", value: "65535", text: "65535", number: 65535),
        Extreme(type: "u32", value: "0", text: "0", number: 0),
        Extreme(type: "u32", value: "4294967295", text: "4294967295", number: .init(UInt32.max)),
        Extreme(type: "u64", value: "0", text: "0", number: 0),
        Extreme(type: "u64", value: "18446744073709551615", text: "18446744073709551615", number: .max),
        Extreme(type: "be16", value: "1", text: "1", number: 1),
        Extreme(type: "be16", value: "65535", text: "65535", number: 65535),
        Extreme(type: "be32", value: "1", text: "1", number: 1),
        Extreme(type: "be32", value: "4294967295", text: "4294967295", number: .init(UInt32.max)),
        Extreme(type: "ipv4", value: "0.0.0.0", text: "0.0.0.0"),
        Extreme(type: "ipv4", value: "255.255.255.255", text: "255.255.255.255"),
        Extreme(type: "ipv6", value: "::", text: "::"),
        Extreme(
            type: "ipv6", value: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            text: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        Extreme(type: "mac", value: "ff:ff:ff:ff:ff:ff", text: "ff:ff:ff:ff:ff:ff"),
        Extreme(type: "bytes:1", value: "0x00", text: "0x00"),
        Extreme(
            type: "bytes:64", value: "0x" + String(repeating: "f0", count: 64),
            text: "0x" + String(repeating: "f0", count: 64)),
    ]

    @Test func valuesOfEachTypeAtTheirExtremes() throws {
        try Kernel.run {
            let bench = try Bench(
                capacity: 216,
                fields: Self.extremes.enumerated().map {
                    ("f\($0)", $1.type, "constant" + ($1.value.isEmpty ? "" : ":\($1.value)"))
                })
            try bench.send(5)
            let json = Self.inspect(bench, "--json").output
            #expect(try Self.schema.faults(of: json) == "")
            let document = try JSONDecoder().decode(Document.self, from: Data(json.utf8))
            for (index, extreme) in Self.extremes.enumerated() {
                let state = try #require(document.fields.first { $0.field.name == "f\(index)" }?.state)
                #expect(state.got == 5, "\(extreme)")
                #expect(state.last?.text == extreme.text)
                #expect(state.last?.number == extreme.number, "\(extreme)")
                #expect(state.minimum == extreme.number && state.maximum == extreme.number, "\(extreme)")
                #expect(state.histogram == (extreme.bits.map { ["\($0)": 5] } ?? [:]), "\(extreme)")
            }
            // People see the same.
            let text = Self.inspect(bench, "state", "--sort", "got").output
            #expect(Self.extremes.allSatisfy { text.contains(" \($0.text) ") })
        }
    }

    /// What the test needs of the document.
    struct Document: Decodable {
        struct Entry: Decodable {
            struct Field: Decodable { let name: String }
            struct User: Decodable, Equatable { let program, interface, hook: String }
            struct Last: Decodable {
                let text: String
                let number: UInt64?
            }
            struct State: Decodable {
                let got: UInt64
                let last: Last?
                let minimum, maximum: UInt64?
                let histogram: [String: UInt64]
            }
            struct Rates: Decodable { let set, got: Double }

            let field: Field
            let users: [User]?
            let state: State?
            let rates: Rates?
        }

        let time: UInt64
        let fields: [Entry]
    }

    /// What readers with doubles take from the document.
    struct Texts: Decodable {
        struct Entry: Decodable {
            struct Field: Decodable { let name: String }
            struct Last: Decodable {
                let numberText, readAtText: String
                let time: UInt64
            }
            struct State: Decodable {
                let last: Last
                let minimumText, maximumText: String
            }

            let field: Field
            let state: State?
        }

        let fields: [Entry]
    }

    @Test func aFullRegistry() throws {
        try Kernel.run {
            let bench = try Bench(capacity: 128, fields: (1...31).map { ("f\($0)", "u16", "constant:\($0)") })
            try bench.send(3)
            let json = Self.inspect(bench, "--json").output
            #expect(try Self.schema.faults(of: json) == "")
            let document = try JSONDecoder().decode(Document.self, from: Data(json.utf8))
            #expect(document.fields.count == 31)
            #expect(document.fields.allSatisfy { "f\($0.state?.last?.text ?? "")" == $0.field.name })
            #expect(Self.inspect(bench, "registry").output.contains("31 fields in 62 of 112 bytes"))
        }
    }

    @Test func usersAreWhoIsAttached() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("sourced", "u32", "constant:1"), ("plain", "u16", "none")])
            func users(_ name: String) throws -> [Document.Entry.User]? {
                let json = Self.inspect(bench, "registry", name, "--json").output
                return try JSONDecoder().decode(Document.self, from: Data(json.utf8)).fields[0].users
            }
            let producer = Document.Entry.User(program: "producer", interface: "far0", hook: "xdp")
            let consumer = Document.Entry.User(program: "consumer", interface: "far0", hook: "tc_ingress")
            #expect(try users("sourced") == [producer, consumer])
            #expect(try users("plain") == [consumer])
            #expect(
                Self.inspect(bench, "sourced").output.contains("producer (XDP of far0), consumer (TC ingress of far0)"))
            try bench.pair.inReceiver { _ = try bench.registry.detach(from: [VethPair.far], hooks: [.tcIngress]) }
            #expect(try users("sourced") == [producer])
            #expect(try users("plain") == [])
        }
    }

    /// The counts in each view's document are the kernel's, whatever the view leaves out.
    @Test(arguments: [["registry"], ["state"], ["field"], [], ["registry", "--sort", "got"], ["state", "--active"]])
    func documentsAreAsTheSchemaSays(view: [String]) throws {
        try Kernel.run {
            let bench = try Bench(fields: [("a", "u32", "constant:1"), ("b", "bytes:3", "none")])
            try bench.send(2)
            let run = CommandRun(["inspect-map"] + view + ["--json", "--registry", bench.scratch.path.string])
            #expect(run.exitCode == 0)
            #expect(try Self.schema.faults(of: run.output) == "")
        }
    }

    @Test func theSchemaIsNoneOfEverything() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("a", "u32", "constant:1")])
            let json = Self.inspect(bench, "--json").output
            for (text, broken) in [
                (#""set" : 0"#, #""set" : -1"#), (#""name" : "a""#, #""name" : "a b""#),
                (#""type" : "u32""#, #""type" : "u33""#),
                (#""slot" : 1"#, #""slot" : 32"#),
            ] {
                #expect(json.contains(text))
                #expect(
                    try Self.schema.faults(of: json.replacingOccurrences(of: text, with: broken)) != "", "\(broken)")
            }
        }
    }

    // MARK: Bad input

    @Test func badInput() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:1")])
            for (arguments, exitCode, words) in [
                (["nosuch"], 66, "has no field nosuch"), (["tenant", "state"], 66, " state NAME."),
                (["state", "x*"], 66, "has no field x*"),
                (["state", "a-b"], 64, "a-b"), (["--sort", "colour"], 64, "--sort"), (["--count", "2"], 64, "--watch"),
                (["--watch", "0"], 64, "0.05"), (["--watch", "nosuch"], 66, "has no field nosuch"),
            ] {
                let run = CommandRun(["inspect-map"] + arguments + ["--registry", bench.scratch.path.string])
                #expect(run.exitCode == exitCode, "\(arguments): \(run.output)\(run.errors)")
                #expect(run.errors.contains(words), "\(run.errors)")
                #expect(run.output.isEmpty)
            }
            let missing = CommandRun(["inspect-map", "--registry", "/sys/fs/bpf/no-such-registry"])
            #expect(missing.exitCode == 66)
            let user = try OtherUser()
            let unreadable = try user.run(["inspect-map", "--registry", bench.scratch.path.string], capabilities: [])
            #expect(unreadable.status == 77, "\(unreadable.output)")
        }
    }

    @Test func anotherMapUnderItsName() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:1")])
            let pins = bench.scratch.path
            for arguments in [
                ["rm", pins.appending("registry").string],
                ["ln", pins.appending("state").string, pins.appending("registry").string],
            ] { #expect(try ChildProcess.run(arguments).status == 0) }
            let run = Self.inspect(bench)
            #expect(run.exitCode == 65, "\(run.errors)")
            #expect(run.errors.contains("is not one of a registry"))
        }
    }
}
