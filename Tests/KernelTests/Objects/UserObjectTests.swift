// SPDX-License-Identifier: BSD-2-Clause

import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// What users do with the headers: sizes that are wrong, source files that are several.
@Suite(Kernel.required) struct UserObjectTests {
    struct Call: Sendable {
        let type: String
        let call: String
        /// nil if the size is the field's, 4 bytes.
        let wrong: Int?
    }

    static let calls = [
        Call(type: "__u32", call: "pktmeta_set", wrong: nil), Call(type: "__u32", call: "pktmeta_get", wrong: nil),
        Call(type: "__u16", call: "pktmeta_set", wrong: 2), Call(type: "__u64", call: "pktmeta_get", wrong: 8),
        Call(type: "struct pktmeta_entry", call: "pktmeta_set", wrong: 248),
    ]

    /// Attached, each of its calls would be -EINVAL, and nothing would count that.
    @Test(arguments: calls)
    func aCallByIDWithAnotherSizeThanTheFieldsIsRefused(call: Call) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            #expect(try bench.command("register-field", "word_field", "--type", "u32").exitCode == 0)
            let folder = try ScratchFolder()
            for compiler in Fixture.Compiler.allCases {
                let object = try compiler.compile(
                    Fixture.source("call_sizes.bpf.c"), in: folder,
                    defining: ["CALLED_TYPE=\(call.type)", "CALLED_CALL=\(call.call)"])
                let run = try bench.command(
                    "attach-to-interface", "far0", "--xdp", object.string, "--tc", "none")
                if let size = call.wrong {
                    #expect(run.exitCode == 65, "\(compiler): \(run.output)")
                    let said = "sets or gets word_field by its id with \(size) bytes, and it is registered as u32, of 4"
                    #expect(run.errors.contains(said), "\(compiler): \(run.errors)")
                    #expect(try bench.attachedXDP() == nil)
                } else {
                    #expect(run.exitCode == 0, "\(compiler): \(run.errors)")
                }
            }
        }
    }

    /// A missing field that is used by its id is named with the type that its size suggests.
    @Test func theRemedyForAMissingFieldKnowsTheSize() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            let run = try bench.command(
                "attach-to-interface", "far0", "--xdp", Fixture.object("call_sizes").string, "--tc", "none")
            #expect(run.exitCode == 66)
            #expect(run.errors.contains(" word_field --type u32;"), "\(run.errors)")
        }
    }

    @Test(arguments: Fixture.Compiler.allCases)
    func aFieldWhoseValueIsNotUsedKeepsItsSize(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            let attach = ["attach-to-interface", "far0", "--xdp", Fixture.object("unread", compiler).string]
            func run(_ more: String...) throws -> CommandRun {
                try bench.pair.inReceiver {
                    CommandRun(attach + more + ["--tc", "none", "--registry", bench.scratch.path.string])
                }
            }
            #expect(try bench.command("register-field", "word_field", "--type", "u64").exitCode == 0)
            let refused = try run()
            #expect(
                refused.errors.contains("declares word_field with 4 bytes, and it is registered as u64, of 8"),
                "\(refused.errors)")
            #expect(try bench.command("unregister-field", "word_field").exitCode == 0)
            let attached = try run("--register-missing")
            #expect(attached.exitCode == 0, "\(attached.errors)")
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            #expect(try registry.image().fields.map(\.type) == [.u32])
        }
    }

    /// A struct is bytes, also one as large as an integer.
    @Test(arguments: Fixture.Compiler.allCases)
    func missingFieldsGetTheTypesThatSuitTheDeclared(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            let run = try bench.command(
                "attach-to-interface", "far0", "--xdp", Fixture.object("declared_types", compiler).string, "--tc",
                "none",
                "--register-missing")
            #expect(run.exitCode == 0, "\(run.errors)")
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            let types = try Dictionary(
                uniqueKeysWithValues: registry.image().fields.map { ($0.name.text, $0.type.description) })
            #expect(
                types == [
                    "seen_at": "u64", "verdict": "u32", "span": "bytes:8", "port": "be16", "sender": "ipv4",
                    "sender6": "ipv6", "trusted": "u8",
                ])
        }
    }

    /// Both source files include the header, and each has its maps.
    @Test(arguments: Fixture.Compiler.allCases)
    func sourceFilesAreLinkedToOneObject(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            #expect(try bench.command("register-field", "first_field", "--type", "u32").exitCode == 0)
            let folder = try ScratchFolder()
            let object = folder.path.appending("linked.bpf.o").string
            let sources = ["linked_xdp", "linked_tc"].map { Fixture.object($0, compiler).string }
            let linked = try ChildProcess.run(["bpftool", "gen", "object", object] + sources)
            #expect(linked.status == 0, "\(linked.output)")
            let attached = try bench.command("attach-to-interface", "far0", "--xdp", object, "--tc", object)
            #expect(attached.exitCode == 0, "\(attached.errors)")

            try bench.pair.send(10)
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            let field = try #require(try registry.image().field(named: FieldName("first_field")))
            let state = try registry.state(of: field)
            #expect(state.set == 10 && state.got == 20, "by name and by id: \(state)")
        }
    }
}
