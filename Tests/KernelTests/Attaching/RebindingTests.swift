// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Attached programs that bind fields by name, while the registry changes.
@Suite(Kernel.required) struct RebindingTests {
    typealias Bench = AttachmentTests.Bench

    /// What bound_count.bpf.c has counted: right, wrong, refused; and packets stamped.
    static func counts(_ bench: Bench) throws -> (right: UInt64, wrong: UInt64, refused: UInt64, stamped: UInt64) {
        let store = try AttachmentStore(of: bench.scratch.path)
        var outcomes: [UInt64] = []
        var stamped: UInt64 = 0
        for attachment in try store.attachments() {
            let maps = attachment.members[0].folders.maps
            if attachment.record.hook == .tcIngress {
                let map = try BPFMap(pinnedAt: maps.appending("outcomes"))
                outcomes = try (0..<3).map { number(try map.values(at: $0)[0]) }
            } else {
                let name = try #require(try maps.contents().first { $0.hasSuffix("+bss") })
                stamped = number(try BPFMap(pinnedAt: maps.appending(name)).values(at: 0)[0])
            }
        }
        return (outcomes[0], outcomes[1], outcomes[2], stamped)
    }

    private static func number(_ bytes: [UInt8]) -> UInt64 {
        bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    @Test func everyPacketMeetsTheProgramWhileTheLayoutChanges() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            let object = AttachmentTests.object("bound_count")
            let attached = try bench.command("attach-to-interface", "far0", "--xdp", object, "--tc", object)
            #expect(attached.exitCode == 0, "\(attached.errors)")
            var sent: UInt64 = 0
            for round in 0..<15 {
                _ = try bench.command("register-field", "other_\(round)", "--type", "u64")
                try bench.pair.send(40)
                let gone = try bench.command("unregister-field", "other_\(round)")
                #expect(gone.exitCode == 0, "\(gone.errors)")
                try bench.pair.send(40)
                sent += 80
            }
            let arrived = try eventually { try Self.counts(bench).right >= sent }
            #expect(arrived)
            let counts = try Self.counts(bench)
            #expect(counts.right == sent && counts.wrong == 0 && counts.refused == 0, "\(counts)")
            #expect(counts.stamped == sent, "globals outlive being loaded anew")
        }
    }

    @Test func aBoundFieldIsKeptUnlessForcedAndThenFoldsToNoEntry() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            let object = AttachmentTests.object("bound_count")
            _ = try bench.command("attach-to-interface", "far0", "--xdp", object, "--tc", object)
            let refused = try bench.command("unregister-field", "shared")
            #expect(refused.exitCode == 73)
            #expect(
                refused.errors.contains(
                    "program check on far0 (TC ingress) uses it, program stamp on far0 (XDP) uses it"))
            #expect(try bench.command("unregister-field", "shared", "--force").exitCode == 0)
            try bench.pair.send(10)
            let arrived = try eventually { try Self.counts(bench).refused >= 10 }
            #expect(arrived)
            #expect(try Self.counts(bench).stamped == 0)

            // Registered again, it is another field, and attaching again binds to it.
            _ = try bench.command("register-field", "shared", "--type", "u32")
            _ = try bench.command("attach-to-interface", "far0", "--xdp", object, "--tc", object)
            try bench.pair.send(10)
            let right = try eventually { try Self.counts(bench).right == 10 }
            #expect(right)
        }
    }

    /// Bound access takes no CAP_PERFMON; access by id does, and the error says so.
    @Test func capabilitiesForLoading() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            func attach(
                _ object: String, _ compiler: Fixture.Compiler = .swift, at hook: String = "--xdp", dropping: String
            ) throws -> ChildProcess.Outcome {
                let other = hook == "--xdp" ? "--tc" : "--xdp"
                return try bench.pair.inReceiver {
                    try ChildProcess.run(
                        ["setpriv", "--bounding-set=\(dropping)", Fixture.command, "attach-to-interface", "far0"]
                            + [other, "none", hook, Fixture.object(object, compiler).string]
                            + ["--registry", bench.scratch.path.string])
                }
            }
            for (name, type) in [
                ("flag_field", "flag"), ("byte_field", "u8"), ("word_field", "u32"), ("long_field", "u64"),
                ("short_field", "u16"), ("six_field", "mac"), ("wide_field", "ipv6"), ("odd_field", "u16"),
                ("absent_field", "u32"),
            ] {
                #expect(try bench.command("register-field", name, "--type", type).exitCode == 0)
            }
            for compiler in Fixture.Compiler.usual {
                for (object, hook) in [("bound_count", "--xdp"), ("bound_tc", "--tc")] {
                    let bound = try attach(object, compiler, at: hook, dropping: "-sys_admin,-perfmon")
                    #expect(bound.status == 0, "\(object) \(bound.output)")
                }
                _ = try bench.command("detach-from-interface", "far0")
            }
            let dynamic = try attach("sharing_xdp", dropping: "-sys_admin,-perfmon")
            #expect(dynamic.status == 77, "\(dynamic.output)")
            #expect(dynamic.output.contains("only with CAP_PERFMON"), "\(dynamic.output)")
            let withPerfmon = try attach("sharing_xdp", dropping: "-sys_admin")
            #expect(withPerfmon.status == 0, "\(withPerfmon.output)")
            _ = try bench.command("detach-from-interface", "far0")
            let none = try attach("bound_count", dropping: "-sys_admin,-bpf")
            #expect(none.status == 77)
            #expect(none.output.contains("this process lacks CAP_BPF"), "\(none.output)")
        }
    }

    @Test func missingFieldsAreRegisteredOnRequest() throws {
        try Kernel.run {
            let bench = try Bench()
            let object = AttachmentTests.object("bound_tc")
            let arguments = ["attach-to-interface", "far0", "--xdp", "none", "--tc", object]
            func attach(_ more: String...) throws -> CommandRun {
                try bench.pair.inReceiver {
                    CommandRun(arguments + more + ["--registry", bench.scratch.path.string])
                }
            }
            let refused = try attach()
            #expect(refused.exitCode == 66)
            for field in ["wide_field --type bytes:16", "flag_field --type flag"] {
                let command = "pktmeta register-field --registry \(bench.scratch.path) \(field)"
                #expect(refused.errors.contains(command), "\(refused.errors)")
            }

            _ = try bench.command("register-field", "word_field", "--type", "u64")
            let mismatch = try attach("--register-missing")
            #expect(mismatch.exitCode == 65)
            #expect(
                mismatch.errors.contains("declares word_field with 4 bytes, and it is registered as u64, of 8"),
                "\(mismatch.errors)")
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            #expect(try registry.image().fields.map(\.name.text) == ["word_field"], "nothing is left behind")

            _ = try bench.command("unregister-field", "word_field")
            #expect(try attach("--register-missing").exitCode == 0)
            let types = Dictionary(
                uniqueKeysWithValues: try registry.image().fields.map { ($0.name.text, $0.type.description) })
            #expect(
                types == [
                    "flag_field": "flag", "byte_field": "u8", "word_field": "u32", "long_field": "u64",
                    "short_field": "u16", "six_field": "bytes:6", "wide_field": "bytes:16", "absent_field": "u32",
                    "odd_field": "u16",
                ])
        }
    }

    /// Opening for bound access depends on the registry by itself.
    @Test func aProgramThatOnlyOpensForBoundAccessIsRenewedToo() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "three", "--type", "bytes:3")
            _ = try bench.command("register-field", "other", "--type", "u8")
            let object = AttachmentTests.object("bound_by_id")
            #expect(try bench.command("attach-to-interface", "far0", "--xdp", object, "--tc", "none").exitCode == 0)
            try bench.pair.send(10)
            _ = try bench.command("unregister-field", "other")
            try bench.pair.send(10)
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            let field = try #require(try registry.image().field(named: FieldName("three")))
            let all = try eventually { try registry.state(of: field).set >= 20 }
            #expect(all)
        }
    }
}
