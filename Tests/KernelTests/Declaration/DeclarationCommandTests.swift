// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// plan, diff, apply and export, as a user runs them.
@Suite(Kernel.required) struct DeclarationCommandTests {
    final class Scene {
        let bench: AttachmentTests.Bench
        let folder: ScratchFolder

        init() throws {
            bench = try AttachmentTests.Bench()
            folder = try ScratchFolder()
            // Root goes by no document in a folder that others may write to.
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path.string)
        }

        func write(_ text: String, as name: String = "10-acme.yaml") throws {
            _ = try folder.write(Array(text.utf8), as: name)
        }

        func run(_ arguments: String...) throws -> CommandRun {
            try bench.pair.inReceiver {
                CommandRun(arguments + ["--registry", bench.scratch.path.string])
            }
        }

        func declared(_ command: String, _ options: String...) throws -> CommandRun {
            try bench.pair.inReceiver {
                CommandRun([command] + options + [folder.path.string, "--registry", bench.scratch.path.string])
            }
        }
    }

    private static let fields = "owner: acme\nfields:\n  tenant: {type: u32, source: 'constant:7'}\n"

    @Test func aPlanIsWhatIsDoneAndThenNothingDiffers() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write(Self.fields + "interfaces: [{name: 'f*0'}]\n")
            let path = scene.folder.path.appending("10-acme.yaml")
            let lines = """
                + registry \(scene.bench.scratch.path): created
                + field tenant: type u32, source constant:7, byte 8 (\(path):3:3)
                + far0: XDP: producer: attached, of prebuilt producer (\(path):4:14)
                + far0: TC ingress: consumer: attached, of prebuilt consumer (\(path):4:14)
                """
            for command in ["plan", "diff"] { #expect(try scene.declared(command).output == lines) }
            #expect(try scene.declared("diff").exitCode == 0)
            #expect(try scene.declared("diff", "--exit-code").exitCode == 1)
            #expect(try scene.declared("apply", "--dry-run").output == lines)
            #expect(!Folder.exists(scene.bench.scratch.path))
            let applied = try scene.declared("apply")
            #expect(applied.output == lines && applied.exitCode == 0, "\(applied.errors)")
            let again = try scene.declared("apply")
            #expect(again.output == "\(scene.bench.scratch.path): all is as declared")
            let same = try scene.declared("diff", "--exit-code")
            #expect(same.exitCode == 0 && same.output.isEmpty)
            #expect(try scene.run("status").output.contains("declared by  acme"))
        }
    }

    /// What was written down makes the same host again, down to ids.
    @Test func whatIsExportedMakesTheSame() throws {
        try Kernel.run {
            let scene = try Scene()
            #expect(try scene.run("register-field", "mark", "--type", "u16", "--sink", "mark:0xffff").exitCode == 0)
            #expect(
                try scene.run("register-field", "seen", "--type", "u64", "--source", "ktime", "--private").exitCode == 0
            )
            let reader = AttachmentTests.object("chain_xdp") + ":dropper"
            #expect(try scene.run("create-registry", "--mode-bits", "0640", "--group", "daemon").exitCode == 0)
            #expect(try scene.run("register-field", "shared", "--type", "u32", "--no-sockets").exitCode == 0)
            #expect(try scene.run("attach-to-interface", "far0", "--xdp", "prebuilt", "--xdp", reader).exitCode == 0)
            #expect(try scene.run("attach-to-interface", "far0", "--tc-egress", "scrub").exitCode == 0)
            let exported = try scene.run("export", "--layout", "--owner", "me")
            #expect(exported.exitCode == 0, "\(exported.errors)")
            try scene.write(exported.text)
            #expect(try scene.declared("diff", "--exit-code").output.isEmpty)

            func fields() throws -> [String] {
                try ApplyTests.image(scene.bench).fields.map {
                    "\($0.id) \($0.layout.offset) \($0.definition.sourceDescription)"
                }
            }
            let (before, programs) = (try fields(), try ApplyTests.programs(scene.bench))
            #expect(try scene.run("delete-registry", "--force").exitCode == 0)
            let applied = try scene.declared("apply")
            #expect(applied.exitCode == 0, "\(applied.errors)")
            #expect(try fields() == before)
            let access = try PinAccess(of: RegistryFolder(path: scene.bench.scratch.path).view().registry)
            #expect(try access == PinAccess(modeBits: "0640", group: "daemon"))
            #expect(try ApplyTests.programs(scene.bench) == programs)
            // Now they are somebody's.
            let theirs = try scene.run("export", "--layout", "--of", "me")
            #expect(theirs.text == exported.text)
        }
    }

    @Test func whatIsExportedIsReadFromAPipe() throws {
        try Kernel.run {
            let scene = try Scene()
            #expect(try scene.run("register-field", "seen", "--type", "u64", "--source", "ktime").exitCode == 0)
            let command = "\(Fixture.command) export --registry \(scene.bench.scratch.path)"
            let fresh = ScratchRegistry()
            let script = """
                \(command) | \(Fixture.command) diff --exit-code - ; echo "$?"
                \(command) | sed '/path:/d' | \(Fixture.command) apply --registry \(fresh.path) - ; echo "$?"
                echo 'owner: [' | \(Fixture.command) plan -; echo "$?"
                """
            let output = try scene.bench.pair.inReceiver { try ChildProcess.run(["sh", "-c", script]).output }
            #expect(output.hasPrefix("0\n"), "\(output)")
            #expect(output.contains("(standard input):"), "\(output)")
            #expect(output.hasSuffix("65\n"), "\(output)")
            #expect(try Registry.open(at: fresh.path, for: .read).image().fields.map(\.name.text) == ["seen"])
        }
    }

    /// Whoever has the only place of a hook is seen before anything is done.
    @Test func aHeldHookIsRefusedBeforeTheFirstStep() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write(Self.fields + "interfaces: [{name: far0}]\n")
            let foreign = Fixture.object("foreign").string
            try scene.bench.pair.inReceiver { try VethPair.ip("link set dev far0 xdp obj \(foreign) sec xdp") }
            for command in ["plan", "apply"] {
                let run = try scene.declared(command)
                #expect(run.exitCode == 73 && run.errors.contains("holds its XDP hook"), "\(run.errors)")
            }
            #expect(!Folder.exists(scene.bench.scratch.path))
            let differing = try scene.declared("diff", "--exit-code")
            #expect(differing.exitCode == 1 && differing.output.contains("holds its XDP hook"), "\(differing.output)")
            // A registry that is there gets no field either.
            #expect(try scene.run("create-registry").exitCode == 0)
            #expect(try scene.declared("apply").exitCode == 73)
            #expect(try ApplyTests.names(scene.bench) == [])
        }
    }

    @Test func whatCannotBeExportedIsSaid() throws {
        try Kernel.run {
            let scene = try Scene()
            #expect(try scene.run("register-field", "tenant", "--type", "u32").exitCode == 0)
            #expect(try scene.run("create-steering", "workers", "--field", "tenant", "--sockets", "4").exitCode == 0)
            let run = try scene.run("export")
            #expect(run.exitCode == 0 && run.errors.contains("left out: the steering workers"), "\(run.errors)")
        }
    }

    @Test func aDocumentHasOneOwner() throws {
        try Kernel.run {
            let scene = try Scene()
            for owner in ["acme", "globex"] {
                #expect(try scene.run("register-field", owner, "--type", "u8", "--owner", owner).exitCode == 0)
            }
            let both = try scene.run("export")
            #expect(both.exitCode == 64 && both.errors.contains("acme, globex"), "\(both.errors)")
            let one = try scene.run("export", "--of", "globex")
            #expect(one.text.contains("globex:") && !one.text.contains("acme"))
            let none = try scene.run("export", "--of", "globe")
            #expect(none.exitCode == 66 && none.errors.contains("Did you mean globex?"), "\(none.errors)")
        }
    }

    @Test func whatIsWrongIsSaidWithItsPlaceAndNothingIsDone() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write("owner: acme\nfields:\n  tenant: {tipe: u32}\n  Bad name: {type: u8}\n")
            let run = try scene.declared("apply")
            #expect(run.exitCode == 65)
            for words in ["10-acme.yaml:3:12", "tipe", "type", "10-acme.yaml:4:3"] {
                #expect(run.errors.contains(words), "\(words): \(run.errors)")
            }
            #expect(!Folder.exists(scene.bench.scratch.path))
            let absent = CommandRun(["plan", "/nonexistent/pktmeta.d", "--registry", scene.bench.scratch.path.string])
            #expect(absent.exitCode == 66, "\(absent.errors)")
        }
    }

    /// Also what is found out at the hook only.
    @Test func whatAHookCannotHaveIsSaidWithItsPlace() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write("owner: acme\ninterfaces:\n  - name: far0\n    xdp: /tmp\n")
            for command in ["plan", "apply"] {
                let run = try scene.declared(command)
                #expect(run.exitCode == 65, "\(command): \(run.errors)")
                #expect(
                    run.errors.contains("10-acme.yaml:3:5: cannot read the object /tmp"), "\(command): \(run.errors)")
            }
            let diff = try scene.declared("diff")
            #expect(diff.output.contains("! cannot read the object /tmp"), "\(diff.output)")
            #expect(diff.output.split(separator: "10-acme.yaml").count == 2, "\(diff.output)")
            let full = try scene.declared("diff", "--report", "/dev/full")
            #expect(full.exitCode == 74 && full.errors.contains("cannot write /dev/full"), "\(full.errors)")
        }
    }

    @Test func sizesChangeOnlyIfAsked() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write("registry: {capacity: 32}\n" + Self.fields + "interfaces: [{name: far0}]\n")
            #expect(try scene.declared("apply").exitCode == 0)
            let before = try ApplyTests.image(scene.bench).fields.map(\.id)
            try scene.write("registry: {capacity: 64}\n" + Self.fields + "interfaces: [{name: far0}]\n")
            let refused = try scene.declared("apply")
            #expect(refused.exitCode == 73 && refused.errors.contains("--replace"), "\(refused.errors)")
            #expect(try scene.declared("diff").output.contains("32 -> 64 bytes a packet"))
            let plan = try scene.declared("plan", "--replace")
            let json = try scene.declared("plan", "--replace", "--json").output
            #expect(try JSONSchema("plan").faults(of: json).isEmpty)
            #expect(plan.output.contains("cost: packets under way lose all fields"), "\(plan.output)")
            let applied = try scene.declared("apply", "--replace")
            #expect(applied.exitCode == 0, "\(applied.errors)")
            #expect(try ApplyTests.image(scene.bench).word.capacity == 64)
            #expect(try ApplyTests.image(scene.bench).fields.map(\.id) == before)
            try scene.bench.pair.send(50)
            let registry = try Registry.open(at: scene.bench.scratch.path, for: .read)
            #expect(try registry.state(of: registry.image().fields[0]).got == 50)
        }
    }

    /// What counts is what there will be.
    @Test func areasGetSmallerAsFieldsGo() throws {
        try Kernel.run {
            let scene = try Scene()
            let many = (1...20).map { "  f\($0): {type: u8}\n" }.joined()
            try scene.write("owner: acme\nregistry: {capacity: 64}\nfields:\n" + many + "  last: {type: u64}\n")
            #expect(try scene.declared("apply").exitCode == 0)
            try scene.write(
                "owner: acme\nregistry: {capacity: 32}\nfields: {f1: {type: u8}, f2: {type: u32}, last: {type: u64}}\n")
            let refused = try scene.declared("apply", "--replace")
            #expect(refused.exitCode == 73, "\(refused.errors)")
            let image = try ApplyTests.image(scene.bench)
            let applied = try scene.declared("apply", "--replace", "--prune")
            #expect(applied.exitCode == 0, "\(applied.errors)")
            let now = try ApplyTests.image(scene.bench)
            #expect(now.word.capacity == 32 && now.fields.map(\.name.text).sorted() == ["f1", "f2", "last"])
            #expect(now.problems.isEmpty && now.fields(beyond: 32).isEmpty)
            // It is the same field, moved.
            let last = try FieldName("last")
            #expect(image.field(named: last)?.id == now.field(named: last)?.id)
            #expect(try scene.declared("diff", "--exit-code").exitCode == 0)
        }
    }

    /// Also what could not be done about it is only a difference.
    @Test func whatCannotBeHadIsADifference() throws {
        try Kernel.run {
            let scene = try Scene()
            let many = (1...31).map { "  f\($0): {type: u8}\n" }.joined()
            try scene.write("owner: acme\nfields:\n" + many + "interfaces: [{name: far0, mode: native}]\n")
            #expect(try scene.declared("apply").exitCode == 0)
            try scene.write(
                "owner: acme\nfields:\n" + many.replacing("  f7: ", with: "  more: ")
                    + "interfaces: [{name: far0, mode: generic}]\n")
            let refused = try scene.declared("apply")
            #expect(refused.exitCode == 73)
            for words in ["10-acme.yaml:9:3: ", "cannot register more", "--prune", "f7"] {
                #expect(refused.errors.contains(words), "\(words): \(refused.errors)")
            }
            let report = scene.folder.path.appending("report.txt")
            let diff = try scene.declared("diff", "--exit-code", "--report", report.string)
            #expect(diff.exitCode == 1 && diff.errors.isEmpty, "\(diff.errors)")
            let lines = diff.output.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("! ") && $0.contains("cannot register more") }, "\(diff.output)")
            #expect(lines.contains { $0.hasPrefix("! ") && $0.contains("native") }, "\(diff.output)")
            #expect(lines.contains { $0.hasPrefix("? field f7") }, "\(diff.output)")
            let written = try #require(try? String(contentsOfFile: report.string, encoding: .utf8))
            #expect(try JSONSchema("plan").faults(of: written).isEmpty)
            // A mode is changed by hand.
            let other = try scene.declared("apply", "--prune", "--replace")
            #expect(other.exitCode == 73 && other.errors.contains("far0 --xdp first"), "\(other.errors)")
        }
    }

    /// Each says what it did: together, what was done, and each once.
    @Test func appliesAtOnceTellWhatEachDid() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write(Self.fields + "interfaces: [{name: 'f*0'}]\n")
            let command = "\(Fixture.command) apply '\(scene.folder.path)' --registry '\(scene.bench.scratch.path)'"
            for _ in 0..<5 {
                let outcome = try scene.bench.pair.inReceiver {
                    try ChildProcess.run(["sh", "-c", "for i in 1 2 3; do \(command) & done; wait"])
                }
                let lines = outcome.output.split(separator: "\n")
                for mark in ["+ registry", "+ field tenant", "+ far0: XDP", "+ far0: TC ingress"] {
                    #expect(lines.count { $0.hasPrefix(mark) } == 1, "\(mark): \(outcome.output)")
                }
                #expect(try scene.run("delete-registry", "--force").exitCode == 0)
            }
        }
    }

    /// A veth interface in generic mode has no driver to ask.
    @Test func hardwareThatIsMissingIsRefusedBeforeAnythingIsDone() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write(
                "owner: acme\nfields:\n  rx_timestamp: {type: u64, source: rx-timestamp, hardware: required}\n"
                    + "interfaces: [{name: far0, mode: generic}]\n")
            for _ in 0..<2 {
                let refused = try scene.declared("apply")
                #expect(refused.exitCode == 69 && refused.errors.contains("the driver of far0"), "\(refused.errors)")
                #expect(!Folder.exists(scene.bench.scratch.path))
            }
            // By hand, it is there all the same; then each comparison and each application says so.
            try scene.write(
                "owner: acme\nfields:\n  rx_timestamp: {type: u64, source: rx-timestamp}\n"
                    + "interfaces: [{name: far0, mode: generic}]\n")
            #expect(try scene.declared("apply").exitCode == 0)
            try scene.write(
                "owner: acme\nfields:\n  rx_timestamp: {type: u64, source: rx-timestamp, hardware: required}\n"
                    + "interfaces: [{name: far0, mode: generic}]\n")
            #expect(try scene.declared("diff", "--exit-code").exitCode == 1)
            for _ in 0..<2 { #expect(try scene.declared("apply").exitCode == 69) }
        }
    }

    /// Whoever reads reports must not have an old one.
    @Test func anErrorIsReportedToo() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write(Self.fields)
            let report = scene.folder.path.appending("report.txt")
            #expect(try scene.declared("diff", "--report", report.string).exitCode == 0)
            try scene.write("owner: [")
            #expect(try scene.declared("diff", "--report", report.string).exitCode == 65)
            let written = try String(contentsOfFile: report.string, encoding: .utf8)
            #expect(written.contains("\"kind\" : \"bad-data\"") && !written.contains("isFulfilled"), "\(written)")
        }
    }

    /// What apply would refuse, plan refuses, and diff tells.
    @Test func aSizeThatIsNotGrantedShowsAtOnce() throws {
        try Kernel.run {
            let scene = try Scene()
            let most = try #require(try Registry.largestGrantedCapacity())
            let tooLarge = try #require(RegistryWord.capacities.first { $0 > most })
            try scene.write("registry: {capacity: \(tooLarge)}\n" + Self.fields)
            for command in ["plan", "apply"] {
                let refused = try scene.declared(command)
                #expect(refused.exitCode == 69 && refused.errors.contains("\(most)"), "\(refused.errors)")
                #expect(!refused.errors.contains("cannot tell"), "\(refused.errors)")
            }
            #expect(try scene.declared("diff").output.contains("! "))
            #expect(try scene.run("create-registry").exitCode == 0)
            #expect(try scene.declared("plan", "--replace").exitCode == 69)
            #expect(try scene.declared("diff").output.contains("! "))
        }
    }

    @Test func theReportIsADocument() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write(Self.fields)
            let report = scene.folder.path.appending("report.txt")
            #expect(try scene.declared("diff", "--exit-code", "--report", report.string).exitCode == 1)
            let written = try #require(try? String(contentsOfFile: report.string, encoding: .utf8))
            #expect(written == (try scene.declared("diff", "--json").output) + "\n")
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(written.utf8)) as? [String: Any])
            #expect(try JSONSchema("plan").faults(of: written).isEmpty)
            #expect(document["isFulfilled"] as? Bool == false)
            #expect((document["fields"] as? [[String: Any]])?.first?["name"] as? String == "tenant")
        }
    }

    @Test func onlyThePartOfAnInterfaceIsApplied() throws {
        try Kernel.run {
            let scene = try Scene()
            try scene.write(
                Self.fields + "interfaces: [{name: 'f*'}, {name: lo, mode: generic, xdp: prebuilt}, {name: absent0}]\n")
            let run = try scene.declared("apply", "--interface", "far0")
            #expect(
                run.exitCode == 0 && !run.output.contains("lo:") && !run.output.contains("absent0"), "\(run.output)")
            #expect(try ApplyTests.programs(scene.bench) == [.xdp: ["producer"], .tcIngress: ["consumer"]])
            let whole = try scene.declared("diff", "--exit-code")
            #expect(
                whole.exitCode == 1 && whole.output.contains("+ lo: XDP")
                    && whole.output.contains("! the interface absent0"))
            #expect(try scene.declared("apply", "--interface", "far0", "--prune").exitCode == 64)
        }
    }
}

extension CommandRun {
    /// Of a command that writes a file.
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}
