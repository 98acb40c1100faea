// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// What several owners declare, each by documents that are applied by themselves.
@Suite(Kernel.required) struct SharedDeclarationTests {
    typealias Bench = AttachmentTests.Bench

    static func declared(by owner: String, _ names: [String] = ["shared"], hasProgram: Bool = true) throws
        -> HostDeclaration
    {
        HostDeclaration(
            owners: [owner], fields: try names.map { try ApplyTests.field($0, owner: owner) },
            attachments: hasProgram
                ? [ApplyTests.interface("far0", [.xdp: [ApplyTests.stamp]], owner: owner)] : [])
    }

    /// Each field and program goes with the last who declares it.
    @Test func whatTwoDeclareGoesWithTheLast() throws {
        try Kernel.run {
            let bench = try Bench()
            let (acme, beta) = (try Self.declared(by: "acme"), try Self.declared(by: "beta"))
            try ApplyTests.apply(acme, bench)
            let (image, program) = (try ApplyTests.image(bench), try bench.attachedXDP())

            let claimed = try ApplyTests.apply(beta, bench)
            #expect(claimed.fields.map(\.kind) == [.claim] && claimed.fields.map(\.owner) == ["beta"])
            #expect(claimed.programs.map(\.kind) == [.claim] && claimed.programs.map(\.owner) == ["beta"])
            for declaration in [acme, beta] { #expect(try ApplyTests.plan(declaration, bench).isFulfilled) }
            #expect(try Self.declarers(bench) == [["acme", "beta"]])

            // Without --prune, other documents of the owner may declare it.
            let none = HostDeclaration(owners: ["acme"])
            let kept = try ApplyTests.apply(none, bench)
            #expect(
                kept.isEmpty && kept.fields.map(\.kind) == [.undeclared] && kept.programs.map(\.kind) == [.undeclared])
            #expect(try Self.declarers(bench) == [["acme", "beta"]])
            let withdrawn = try ApplyTests.apply(none, bench, prunes: true)
            #expect(withdrawn.fields.map(\.kind) == [.withdraw] && withdrawn.fields.map(\.owner) == ["acme"])
            #expect(withdrawn.programs.map(\.kind) == [.withdraw])
            #expect(try ApplyTests.image(bench) == image)
            #expect(try bench.attachedXDP() == program)
            #expect(try Self.declarers(bench) == [["beta"]])
            for declaration in [none, beta] { #expect(try ApplyTests.plan(declaration, bench).isFulfilled) }

            let gone = try ApplyTests.apply(HostDeclaration(owners: ["beta"]), bench, prunes: true)
            #expect(gone.fields.map(\.kind) == [.unregister] && gone.programs.map(\.kind) == [.detach])
            // Whoever was recorded first.
            #expect(gone.fields.map(\.owner) == ["beta"] && gone.programs.map(\.owner) == ["beta"])
            #expect(try ApplyTests.names(bench).isEmpty)
            #expect(try bench.attachedXDP() == nil)
            // Nobody claims anything: the registry has the parts that it had.
            #expect(!bench.scratch.pins.contains { $0.contains("claims") })
        }
    }

    /// Documents of one declaration are no other.
    @Test func anOwnerWhoseDocumentIsGoneStillDeclares() throws {
        try Kernel.run {
            let bench = try Bench()
            var both = try Self.declared(by: "acme")
            both.owners = ["acme", "beta"]
            both.fields = [
                FieldDeclaration(both.fields[0].definition, alsoDeclaredBy: ["beta"], at: both.fields[0].place)
            ]
            both.attachments += try Self.declared(by: "beta").attachments
            try ApplyTests.apply(both, bench)
            #expect(try ApplyTests.plan(both, bench).isFulfilled)
            // The file of acme is gone, and nobody has said that acme declares nothing.
            try ApplyTests.apply(Self.declared(by: "beta", []), bench, prunes: true)
            #expect(try ApplyTests.names(bench) == ["shared"])
            try ApplyTests.apply(HostDeclaration(owners: ["beta", "acme"]), bench, prunes: true)
            #expect(try ApplyTests.names(bench).isEmpty)
        }
    }

    /// What a document declares anew, it declares.
    @Test func whoDeclaresAgainIsAmongThemAgain() throws {
        try Kernel.run {
            let bench = try Bench()
            let (acme, beta) = (try Self.declared(by: "acme"), try Self.declared(by: "beta"))
            for declaration in [acme, beta, HostDeclaration(owners: ["acme"]), acme] {
                try ApplyTests.apply(declaration, bench, prunes: true)
            }
            #expect(try Self.declarers(bench) == [["acme", "beta"]])
            try ApplyTests.apply(HostDeclaration(owners: ["beta"]), bench, prunes: true)
            #expect(try ApplyTests.names(bench) == ["shared"])
            #expect(try Self.declarers(bench) == [["acme"]])
        }
    }

    /// At a hook that the owner still declares something of.
    @Test func aProgramOfTwoStaysInAChain() throws {
        try Kernel.run {
            let bench = try Bench()
            func declared(_ owner: String, _ programs: [ProgramChoice]) throws -> HostDeclaration {
                HostDeclaration(
                    owners: [owner], fields: [try ApplyTests.field("shared", owner: owner)],
                    attachments: [ApplyTests.interface("far0", [.xdp: programs], owner: owner)])
            }
            try ApplyTests.apply(declared("acme", [ApplyTests.stamp, ApplyTests.reader]), bench)
            try ApplyTests.apply(declared("beta", [ApplyTests.reader]), bench)
            try ApplyTests.apply(declared("acme", [ApplyTests.stamp]), bench, prunes: true)
            #expect(try ApplyTests.programs(bench) == [.xdp: ["stamp", "reader"]])
            try ApplyTests.apply(declared("beta", [ApplyTests.stamp]), bench, prunes: true)
            #expect(try ApplyTests.programs(bench) == [.xdp: ["stamp"]])
            #expect(try Self.declarers(bench) == [["acme", "beta"]])
        }
    }

    @Test func exportSaysWhoAllDeclare() throws {
        try Kernel.run {
            let bench = try Bench()
            for owner in ["acme", "beta"] { try ApplyTests.apply(Self.declared(by: owner), bench) }
            let exported = try bench.pair.inReceiver {
                try Registry.open(at: bench.scratch.path, for: .read).export(ownedBy: "x", withLayout: false)
            }
            #expect(exported.declaration.owners == ["acme", "beta"])
            #expect(exported.declaration.fields.map(\.owners) == [["acme", "beta"]])
            #expect(exported.declaration.attachments.map(\.owner) == ["acme", "beta"])
        }
    }

    /// A field that one registers with another type, by hand or by documents, an interface that is made anew: the other still
    /// declares them.
    @Test func whatIsMadeAnewIsStillDeclared() throws {
        try Kernel.run {
            let bench = try Bench()
            let (acme, beta) = (try Self.declared(by: "acme"), try Self.declared(by: "beta"))
            for declaration in [acme, beta] { try ApplyTests.apply(declaration, bench) }
            var wide = acme
            wide.fields = [try ApplyTests.field("shared", .u64)]
            wide.attachments = []
            for declaration in [wide, acme] { try ApplyTests.apply(declaration, bench, replaces: true) }
            #expect(try bench.command("unregister-field", "shared", "--force").exitCode == 0)
            try ApplyTests.apply(acme, bench)
            try bench.pair.inReceiver {
                try VethPair.ip("link set far0 name other0")
                try VethPair.ip("link set other0 name far0")
            }
            try ApplyTests.apply(HostDeclaration(owners: ["acme"]), bench, prunes: true)
            #expect(try ApplyTests.names(bench) == ["shared"])
            #expect(try Self.declarers(bench) == [["beta"]])
            #expect(try ApplyTests.plan(beta, bench).isFulfilled)
        }
    }

    /// What is applied as an interface comes claims nothing, and so a second time has nothing to do.
    @Test func aPartClaimsNothing() throws {
        try Kernel.run {
            let bench = try Bench()
            try ApplyTests.apply(Self.declared(by: "acme"), bench)
            let part = try bench.pair.inReceiver { try Self.declared(by: "beta").narrowed(toInterface: "far0") }
            #expect(!part.attachments.isEmpty)
            #expect(try ApplyTests.plan(part, bench).isFulfilled)
            #expect(try ApplyTests.apply(part, bench).isFulfilled)
            #expect(try Self.declarers(bench) == [["acme"]])
        }
    }

    /// Programs that answer sockets do so in all ways that are declared.
    @Test func socketsAreAnsweredInTheWaysOfAll() throws {
        try Kernel.run {
            let bench = try Bench()
            let cgroup = try ScratchCgroup()
            func declared(_ owner: String, _ ways: SocketWays) throws -> HostDeclaration {
                HostDeclaration(
                    owners: [owner], fields: [try ApplyTests.field("shared", owner: owner)],
                    attachments: [
                        AttachmentDeclaration(
                            .cgroup(cgroup.path), programs: ways.programs, owner: owner, at: ApplyTests.place(2))
                    ])
            }
            func ways() throws -> Set<[String]> {
                let programs = try Registry.open(at: bench.scratch.path, for: .read).status().flatMap(\.entries)
                return Set(
                    programs.compactMap { entry in
                        if case .ours(let program) = entry { program.ways.names } else { nil }
                    })
            }
            try ApplyTests.apply(declared("acme", .all), bench)
            let all = try ways()
            let next = try declared("beta", #require(SocketWays("next")))
            try ApplyTests.apply(next, bench)
            #expect(try ways() == all)
            for declaration in [next, try declared("acme", .all)] {
                #expect(try ApplyTests.plan(declaration, bench).isFulfilled)
            }
            var both = try declared("acme", .all)
            both.owners.append("beta")
            both.fields = [
                FieldDeclaration(both.fields[0].definition, alsoDeclaredBy: ["beta"], at: ApplyTests.place(1))
            ]
            both.attachments += next.attachments
            #expect(try ApplyTests.plan(both, bench).isFulfilled)
            try ApplyTests.apply(HostDeclaration(owners: ["acme"]), bench, prunes: true)
            try ApplyTests.apply(next, bench)
            #expect(try ways() == [["next"]])
        }
    }

    /// Damaged, nobody is taken to declare nothing.
    @Test func damagedClaimsAreRefused() throws {
        try Kernel.run {
            let bench = try Bench()
            for owner in ["acme", "beta"] { try ApplyTests.apply(Self.declared(by: owner), bench) }
            let pin = bench.scratch.path.appending("secret/claims")
            try Folder.unlink(pin)
            try BPFMap(creating: "pktmeta_claims", .init(kind: .array, valueSize: 76, entries: 1)).pin(at: pin)
            let error = #expect(throws: PacketMetadataError.self) {
                try ApplyTests.apply(HostDeclaration(owners: ["acme"]), bench, prunes: true)
            }
            #expect(error?.kind == .badData)
            #expect(try ApplyTests.names(bench) == ["shared"])
            let deleted = try bench.command("delete-registry", "--force")
            #expect(deleted.exitCode == 0, "\(deleted)")
        }
    }

    /// Of each attached program.
    static func declarers(_ bench: Bench) throws -> [[String]] {
        try bench.pair.inReceiver {
            try Registry.open(at: bench.scratch.path, for: .read).status().flatMap(\.entries).compactMap { entry in
                if case .ours(let program) = entry { program.declaredBy } else { nil }
            }
        }
    }
}
