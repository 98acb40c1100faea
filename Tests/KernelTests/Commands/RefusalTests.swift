// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// Bad input gets a clear error and the right exit code, and leaves registry and interface as they were.
@Suite(Kernel.required) struct RefusalTests {
    typealias Bench = AttachmentTests.Bench

    /// Runs a command that must fail, and checks that nothing changed.
    static func expectRefusal(
        _ bench: Bench, _ arguments: [String], exitCode: Int32, saying texts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let pins = bench.scratch.pins
        let xdp = try bench.attachedXDP()
        let registry = try Registry.open(at: bench.scratch.path, for: .read)
        let image = try registry.image()
        let run = try bench.pair.inReceiver { CommandRun(arguments + ["--registry", bench.scratch.path.string]) }
        #expect(run.exitCode == exitCode, "\(run.errors)", sourceLocation: sourceLocation)
        for text in texts { #expect(run.errors.contains(text), "\(run.errors)", sourceLocation: sourceLocation) }
        #expect(run.output == "", sourceLocation: sourceLocation)
        #expect(run.errors.split(separator: "\n").count <= 3, "\(run.errors)", sourceLocation: sourceLocation)
        #expect(bench.scratch.pins == pins, sourceLocation: sourceLocation)
        #expect(try bench.attachedXDP() == xdp, sourceLocation: sourceLocation)
        #expect(try registry.image() == image, sourceLocation: sourceLocation)
    }

    static func bench(fields: [[String]] = []) throws -> Bench {
        let bench = try Bench()
        _ = try Registry.openOrCreate(at: bench.scratch.path)
        for field in fields {
            let run = CommandRun(["register-field"] + field + ["--registry", bench.scratch.path.string])
            #expect(run.exitCode == 0, "\(run.errors)")
        }
        return bench
    }

    @Test func badInterfaces() throws {
        try Kernel.run {
            let bench = try Self.bench()
            for command in ["attach-to-interface", "detach-from-interface"] {
                for name in ["nosuch0", "", "with space", String(repeating: "x", count: 300), "../../x"] {
                    try Self.expectRefusal(
                        bench, [command, name], exitCode: 66, saying: "there is no such interface (ENODEV)")
                }
            }
        }
    }

    @Test func badObjects() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let folder = try ScratchFolder()
            let good = try Fixture.bytes(Fixture.object("contract_xdp"))
            let text = try folder.write(Array("not an object".utf8), as: "text.o")
            let empty = try folder.write([], as: "empty.o")
            func attach(_ object: String) -> [String] {
                ["attach-to-interface", "far0", "--tc", "none", "--xdp", object]
            }

            try Self.expectRefusal(
                bench, attach("/no/such/file.o"), exitCode: 65, saying: "cannot read the object /no/such/file.o",
                "ENOENT")
            try Self.expectRefusal(bench, attach(folder.path.string), exitCode: 65, saying: "EISDIR")
            for path in [text, empty] {
                try Self.expectRefusal(bench, attach(path.string), exitCode: 65, saying: "it is not a BPF object")
            }
            for size in [64, 200, good.count / 2, good.count - 100] {
                let path = try folder.write(Array(good.prefix(size)), as: "truncated-\(size).o")
                try Self.expectRefusal(bench, attach(path.string), exitCode: 65, saying: "it is not a BPF object")
            }
            try Self.expectRefusal(
                bench, attach(AttachmentTests.object("foreign")), exitCode: 65, saying: "it has no map pktmeta_fields")
            try Self.expectRefusal(
                bench, attach(AttachmentTests.object("contract_tc")), exitCode: 65, saying: "it has no XDP program")
            try Self.expectRefusal(
                bench, attach(AttachmentTests.object("inject_area")), exitCode: 65,
                saying: "it has 2 XDP programs: inject, unused", "Name one: OBJECT:PROGRAM.")
            try Self.expectRefusal(
                bench, attach(AttachmentTests.object("inject_area") + ":other"), exitCode: 65,
                saying: "it has no XDP program other; it has inject, unused")
        }
    }

    @Test func theVerifiersReasonIsOneLineAndItsLogOnRequest() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let arguments = ["attach-to-interface", "far0", "--tc", "none", "--xdp", AttachmentTests.object("refused")]
            try Self.expectRefusal(
                bench, arguments, exitCode: 65,
                saying: "the verifier refused program out_of_bounds at refused.bpf.c:13: ",
                "--verbose shows the whole verifier log.")
            let verbose = try bench.pair.inReceiver {
                CommandRun(arguments + ["--verbose", "--registry", bench.scratch.path.string])
            }
            #expect(verbose.exitCode == 65)
            #expect(verbose.errors.contains("processed "), "the statistics end the log")
            #expect(!verbose.errors.contains("--verbose"), "what is there need not be asked for")
            #expect(verbose.errors.split(separator: "\n").count > 20)
        }
    }

    @Test func missingFieldsAreNamed() throws {
        try Kernel.run {
            let bench = try Self.bench()
            try Self.expectRefusal(
                bench, ["attach-to-interface", "far0", "--xdp", AttachmentTests.object("sharing_xdp")], exitCode: 66,
                saying: "uses fields that are not registered: shared",
                "pktmeta register-field --registry \(bench.scratch.path) shared --type u32")
        }
    }

    /// The XDP program is fine and its hook free; what is wrong with the other leaves it untouched.
    @Test func aFailureAtOneHookLeavesTheOther() throws {
        try Kernel.run {
            let bench = try Self.bench(fields: [["shared", "--type", "u32"]])
            try Self.expectRefusal(
                bench, ["attach-to-interface", "far0", "--tc", AttachmentTests.object("foreign")], exitCode: 65)
            // The TC program is fine, but the XDP hook is taken.
            let foreign = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign")), name: "foreign")
            let program = try foreign.load(only: "foreign")
            let link = try bench.pair.inReceiver {
                try BPFLink.xdp(program, ifindex: NetworkInterface(named: VethPair.far).index, mode: .native)
            }
            try Self.expectRefusal(
                bench, ["attach-to-interface", "far0"], exitCode: 73,
                saying: "program foreign (id \(program.id), link \(try link.information.id)) holds its XDP hook")
            #expect(try link.information.programID == program.id)
        }
    }

    @Test func badFields() throws {
        try Kernel.run {
            let bench = try Self.bench(fields: [["tenant", "--type", "u32", "--owner", "edge"]])
            func refuse(_ arguments: [String], _ exitCode: Int32, _ text: String) throws {
                try Self.expectRefusal(bench, ["register-field"] + arguments, exitCode: exitCode, saying: text)
            }
            try refuse(
                ["tenant", "--type", "u64"], 73, "the name is taken by a field of type u32, source none, owner edge")
            try refuse(["9lives", "--type", "u32"], 64, "it starts with a digit")
            try refuse(["a-b", "--type", "u32"], 64, "only A-Z, a-z, 0-9 and _ are allowed")
            try refuse([String(repeating: "x", count: 32), "--type", "u32"], 64, "it has 32 bytes")
            try refuse(["big", "--type", "bytes:65"], 64, "a value has 1 to 64 bytes")
            try refuse(["odd", "--type", "u33"], 64, "there is no such type")
            try refuse(["odd", "--type", "u8", "--source", "constant:256"], 64, "it does not fit the type u8")
            try refuse(
                ["odd", "--type", "u8", "--source", "ifindex"], 64, "it needs an integer type of at least 4 bytes")
            try refuse(["odd", "--type", "u8", "--source", "weather"], 64, "there is no such source")
            try refuse(["large", "--type", "bytes:48"], 73, "it needs 48 bytes, and 44 of 48 are free")
            try refuse(["large", "--type", "bytes:60"], 73, "this registry's capacity of 64 has 48 for values")
            try Self.expectRefusal(
                bench, ["unregister-field", "nosuch"], exitCode: 66, saying: "has no field nosuch", "It has tenant.")
            try Self.expectRefusal(
                bench, ["inspect-map", "state", "nosuch"], exitCode: 66, saying: "has no field nosuch")
        }
    }

    @Test func theThirtySecondFieldIsRefused() throws {
        try Kernel.run {
            let bench = try Self.bench(fields: (0..<31).map { ["field_\($0)", "--type", "flag"] })
            try Self.expectRefusal(
                bench, ["register-field", "one_more", "--type", "flag"], exitCode: 73,
                saying: "all 31 slots hold fields")
        }
    }
}
