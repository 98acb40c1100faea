// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// A host that is made as it is declared, through the library.
@Suite(Kernel.required) struct ApplyTests {
    typealias Bench = AttachmentTests.Bench

    static let stamp = ProgramChoice.object(Fixture.object("sharing_xdp"), program: nil)
    static let reader = ProgramChoice.object(Fixture.object("chain_xdp"), program: "reader")

    static func place(_ line: Int) -> DocumentPlace { DocumentPlace(file: "acme.yaml", line: line, column: 1) }

    static func field(
        _ name: String, _ type: FieldType = .u32, source: FieldSource = .none, owner: String = "acme"
    ) throws -> FieldDeclaration {
        try FieldDeclaration(
            FieldDefinition(name: FieldName(name), type: type, source: source, owner: owner), at: place(1))
    }

    static func interface(
        _ pattern: String, _ programs: [Hook: [ProgramChoice]], netns: String? = nil, owner: String = "acme"
    ) -> AttachmentDeclaration {
        AttachmentDeclaration(
            .interfaces(pattern, netns: netns), programs: programs, owner: owner, at: place(2))
    }

    static func declaration(
        _ fields: [FieldDeclaration], _ attachments: [AttachmentDeclaration] = []
    ) -> HostDeclaration {
        HostDeclaration(owners: ["acme"], fields: fields, attachments: attachments)
    }

    @discardableResult
    static func apply(
        _ declaration: HostDeclaration, _ bench: Bench, prunes: Bool = false, replaces: Bool = false
    ) throws -> HostPlan {
        try bench.pair.inReceiver {
            try declaration.apply(
                at: bench.scratch.path, DeclarationLimits(prunes: prunes, replaces: replaces)
            ).plan
        }
    }

    static func plan(
        _ declaration: HostDeclaration, _ bench: Bench, prunes: Bool = false, replaces: Bool = false
    ) throws -> HostPlan {
        try bench.pair.inReceiver {
            try declaration.plan(
                at: bench.scratch.path, DeclarationLimits(prunes: prunes, replaces: replaces))
        }
    }

    static func image(_ bench: Bench) throws -> RegistryImage {
        try Registry.open(at: bench.scratch.path, for: .read).image()
    }

    static func names(_ bench: Bench) throws -> [String] { try image(bench).fields.map(\.name.text) }

    /// Programs by hook, in the order in which they run.
    static func programs(_ bench: Bench) throws -> [Hook: [String]] {
        try bench.pair.inReceiver {
            let hooks = try Registry.open(at: bench.scratch.path, for: .read).status()
            return Dictionary(
                uniqueKeysWithValues: hooks.map { hook in
                    (
                        hook.hook,
                        hook.entries.compactMap { if case .ours(let program) = $0 { program.program } else { nil } }
                    )
                })
        }
    }

    // MARK: What is done once

    @Test func aHostIsMadeAsDeclaredAndASecondRunTouchesNothing() throws {
        try Kernel.run {
            let bench = try Bench()
            let declared = try Self.declaration(
                [Self.field("tenant", source: .constant([7, 0, 0, 0])), Self.field("trace_id", .u64)],
                [Self.interface("far*", [.xdp: [.prebuilt], .tcIngress: [.prebuilt]])])
            let planned = try Self.plan(declared, bench)
            #expect(planned.settings == [.create(capacity: nil)])
            #expect(planned.fields.map(\.definition.name.text) == ["tenant", "trace_id"])
            #expect(planned.programs.map(\.program) == ["producer", "consumer"])
            #expect(!Folder.exists(bench.scratch.path))

            #expect(try Self.apply(declared, bench) == planned)
            try bench.pair.send(100)
            let state = try Registry.open(at: bench.scratch.path, for: .read)
            let tenant = try #require(try state.image().field(named: FieldName("tenant")))
            #expect(try state.state(of: tenant).got == 100)

            let (image, pins, program) = (try Self.image(bench), bench.scratch.pins, try bench.attachedXDP())
            let again = try Self.apply(declared, bench)
            #expect(again.isEmpty && again.isFulfilled)
            #expect(try Self.image(bench) == image)
            #expect(bench.scratch.pins == pins)
            #expect(try bench.attachedXDP() == program)
        }
    }

    /// Where what is missing was there before, by hand, nothing is touched either.
    @Test func whatStandsAsDeclaredIsLeftAlone() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("register-field", "shared", "--type", "u32").exitCode == 0)
            let stamp = AttachmentTests.object("sharing_xdp")
            #expect(try bench.command("attach-to-interface", "far0", "--xdp", stamp).exitCode == 0)
            let program = try bench.attachedXDP()
            let declared = try Self.declaration(
                [Self.field("shared")], [Self.interface("far0", [.xdp: [Self.stamp]])])
            #expect(try Self.plan(declared, bench).isFulfilled)
            try Self.apply(declared, bench)
            #expect(try bench.attachedXDP() == program)
            // Nobody declared it, so nobody's declaration takes it off.
            let pruned = try Self.apply(Self.declaration([]), bench, prunes: true)
            #expect(pruned.isEmpty)
            #expect(try bench.attachedXDP() == program)
        }
    }

    // MARK: What goes

    @Test func onlyWhatItsOwnersDeclaredBeforeGoesAndOnlyIfAsked() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("register-field", "theirs", "--type", "u8", "--owner", "globex").exitCode == 0)
            try Self.apply(
                Self.declaration(
                    [Self.field("shared"), Self.field("old", .u16)],
                    [Self.interface("far0", [.xdp: [Self.stamp, Self.reader], .tcIngress: [.prebuilt]])]), bench)
            let less = try Self.declaration([Self.field("shared")], [Self.interface("far0", [.xdp: [Self.stamp]])])

            let kept = try Self.apply(less, bench)
            #expect(kept.isEmpty && !kept.isFulfilled)
            #expect(kept.fields.map(\.kind) == [.undeclared])
            #expect(kept.programs.map(\.kind) == [.undeclared, .undeclared])
            #expect(try Self.names(bench).sorted() == ["old", "shared", "theirs"])

            let pruned = try Self.apply(less, bench, prunes: true)
            #expect(pruned.fields.map(\.kind) == [.unregister])
            #expect(Set(pruned.programs.map(\.program)) == ["reader", "consumer"])
            #expect(try Self.names(bench).sorted() == ["shared", "theirs"])
            #expect(try Self.programs(bench) == [.xdp: ["stamp"]])
            #expect(try Self.plan(less, bench).isFulfilled)
        }
    }

    /// A field goes although programs use it, if all of them go as well; and else not.
    @Test func aFieldThatIsUsedGoesWithItsPrograms() throws {
        try Kernel.run {
            let bench = try Bench()
            try Self.apply(
                Self.declaration([Self.field("shared")], [Self.interface("far0", [.xdp: [Self.stamp]])]), bench)
            let empty = Self.declaration([])
            let own = AttachmentTests.object("chain_xdp") + ":reader"
            #expect(try bench.command("attach-to-interface", "far0", "--join", "--xdp", own).exitCode == 0)
            let refused = #expect(throws: PacketMetadataError.self) { try Self.apply(empty, bench, prunes: true) }
            #expect(refused?.kind == .taken)
            #expect(try Self.names(bench) == ["shared"])
            #expect(try bench.command("detach-from-interface", "far0", "--program", "reader").exitCode == 0)
            try Self.apply(empty, bench, prunes: true)
            #expect(try Self.names(bench).isEmpty)
            #expect(try bench.attachedXDP() == nil)
        }
    }

    @Test func aTypeChangesOnlyIfAsked() throws {
        try Kernel.run {
            let bench = try Bench()
            try Self.apply(Self.declaration([Self.field("size", .u16), Self.field("other")]), bench)
            let before = try #require(try Self.image(bench).field(named: FieldName("size")))
            let wider = try Self.declaration([Self.field("size", .u64), Self.field("other")])
            let refused = #expect(throws: PacketMetadataError.self) { try Self.plan(wider, bench) }
            guard case .fieldsDiffer(let others)? = refused?.refusal as? HostRefusal else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(others.map(\.place) == [Self.place(1)])
            #expect(try Self.image(bench).field(named: FieldName("size")) == before)

            let plan = try Self.apply(wider, bench, replaces: true)
            #expect(plan.fields.map(\.kind) == [.replace(before)])
            let after = try #require(try Self.image(bench).field(named: FieldName("size")))
            #expect(after.definition.type == .u64 && after.id != before.id)
        }
    }

    // MARK: Order

    @Test func declaredProgramsRunInTheirOrderAmongOthers() throws {
        try Kernel.run {
            let bench = try Bench()
            let fields = try [Self.field("shared")]
            try Self.apply(
                Self.declaration(fields, [Self.interface("far0", [.xdp: [Self.stamp, Self.reader]])]), bench)
            let own = AttachmentTests.object("chain_xdp") + ":dropper"
            #expect(try bench.command("attach-to-interface", "far0", "--join", "--first", "--xdp", own).exitCode == 0)
            #expect(try Self.programs(bench) == [.xdp: ["dropper", "stamp", "reader"]])

            let other = Self.declaration(
                fields, [Self.interface("far0", [.xdp: [Self.reader, .prebuilt, Self.stamp]])])
            try Self.apply(other, bench)
            #expect(try Self.programs(bench) == [.xdp: ["dropper", "reader", "producer", "stamp"]])
            #expect(try Self.plan(other, bench).isFulfilled)
        }
    }

    @Test func programsAtTCAreLinkedAnewForTheirOrder() throws {
        try Kernel.run {
            guard SurvivalKernel.running.hasTCX else { return }
            let bench = try Bench()
            let readers = ["scrub", "prebuilt"]
            func declared(_ names: [String]) throws -> HostDeclaration {
                let choices: [ProgramChoice] = names.map { $0 == "scrub" ? .scrub : .prebuilt }
                return try Self.declaration([Self.field("shared")], [Self.interface("far0", [.tcIngress: choices])])
            }
            try Self.apply(declared(["prebuilt"]), bench)
            try Self.apply(declared(readers), bench)
            #expect(try Self.programs(bench) == [.tcIngress: ["scrub", "consumer"]])
            #expect(try Self.plan(declared(readers), bench).isFulfilled)
            try Self.apply(declared(readers.reversed()), bench)
            #expect(try Self.programs(bench) == [.tcIngress: ["consumer", "scrub"]])
        }
    }

    /// Two owners may want programs at one hook; a program that both want is there once.
    @Test func declarationsOfOneHookAreJoined() throws {
        try Kernel.run {
            let bench = try Bench()
            var both = Self.declaration(
                [try Self.field("shared")],
                [
                    Self.interface("far0", [.xdp: [Self.stamp, .prebuilt]]),
                    Self.interface("f*0", [.xdp: [.prebuilt, Self.reader]], owner: "globex"),
                ])
            both.owners = ["acme", "globex"]
            try Self.apply(both, bench)
            #expect(try Self.programs(bench) == [.xdp: ["stamp", "producer", "reader"]])
            let less = try Self.declaration([Self.field("shared")])
            // Of one owner alone, only that one's go.
            try Self.apply(less, bench, prunes: true)
            #expect(try Self.programs(bench) == [.xdp: ["producer", "reader"]])
        }
    }

    /// They share what is loaded, and no record.
    @Test func theSameProgramAtTwoPlacesIsDeclaredByTwo() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver { try VethPair.ip("link add far1 type veth peer name other1") }
            var both = try Self.declaration(
                [Self.field("tenant")],
                [
                    Self.interface(VethPair.far, [.tcIngress: [.prebuilt]]),
                    Self.interface("far1", [.tcIngress: [.prebuilt]], owner: "globex"),
                ])
            both.owners = ["acme", "globex"]
            try Self.apply(both, bench)
            let owners = try bench.pair.inReceiver {
                try AttachmentStore(Registry.open(at: bench.scratch.path, for: .read).pins).attachments()
                    .map { "\($0.record.site.place) \($0.record.owner)" }.sorted()
            }
            #expect(owners == ["far0 acme", "far1 globex"])
        }
    }

    // MARK: What is not there, and what fails

    @Test func whatIsNotThereIsToldAndNoError() throws {
        try Kernel.run {
            let bench = try Bench()
            let attachments =
                [
                    Self.interface("far7", [.xdp: [.prebuilt]]),
                    Self.interface("nobody*", [.xdp: [.prebuilt]]),
                    Self.interface("far0", [.xdp: [.prebuilt]], netns: "pktmeta-no-such-namespace"),
                ] + [
                    AttachmentDeclaration(
                        .cgroup("/sys/fs/cgroup/pktmeta-no-such-cgroup"), programs: [.cgroupIngress: [Self.stamp]],
                        owner: "acme",
                        at: Self.place(3))
                ]
            let plan = try Self.apply(Self.declaration([Self.field("tenant")], attachments), bench)
            #expect(
                plan.absences.map(\.kind) == [
                    .interface("far7", netns: nil), .cgroup("/sys/fs/cgroup/pktmeta-no-such-cgroup"),
                    .namespace("pktmeta-no-such-namespace"),
                ])
            #expect(try Self.names(bench) == ["tenant"])
        }
    }

    @Test func whatCannotBeLoadedShowsBeforeTheFirstStep() throws {
        try Kernel.run {
            let bench = try Bench()
            let refusedProgram = ProgramChoice.object(Fixture.object("refused"), program: nil)
            let declared = try Self.declaration(
                [Self.field("shared")],
                [Self.interface("far0", [.tcIngress: [.prebuilt], .xdp: [refusedProgram]])])
            func attempt() -> PacketMetadataError? {
                #expect(throws: PacketMetadataError.self) { try Self.apply(declared, bench) }
            }
            #expect(attempt()?.kind == .badData)
            #expect(!Folder.exists(bench.scratch.path))
            #expect(try bench.command("create-registry").exitCode == 0)
            #expect(attempt()?.kind == .badData)
            #expect(try Self.names(bench).isEmpty)
            #expect(try Self.programs(bench).isEmpty)
        }
    }

    @Test func theLayoutOfAnotherHostIsTakenOver() throws {
        try Kernel.run {
            let (one, other) = (try Bench(), try Bench())
            try Self.apply(
                Self.declaration([Self.field("a", .u8), Self.field("b", .u64), Self.field("c", .u16)]), one)
            var there = try Self.declaration([Self.field("c", .u16), Self.field("b", .u64), Self.field("a", .u8)])
            there.layout = try Self.image(one).fields.map { PlacedField($0.name, id: $0.id, offset: $0.layout.offset) }
            try Self.apply(there, other)
            let places = { (bench: Bench) in
                Set(try Self.image(bench).fields.map { "\($0.name) \($0.id) \($0.layout.offset)" })
            }
            #expect(try places(one) == places(other))
            #expect(try Self.plan(there, other).isFulfilled)
        }
    }
}
