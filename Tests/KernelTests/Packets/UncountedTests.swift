// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Glibc
import Linux
import SystemPackage
import TestSupport
import Testing

/// Programs that do not count are shown as such, and not as if nothing had happened.
@Suite(Kernel.required) struct UncountedTests {
    /// What the tests need of the document.
    struct Document: Decodable {
        struct Entry: Decodable {
            struct User: Decodable {
                let program: String
                let counts: Bool?
            }
            struct State: Decodable { let set, got: UInt64 }

            let users: [User]?
            let counting: String?
            let state: State?
        }
        let fields: [Entry]

        /// Of the only field, in a document that is as the schema says.
        static func entry(_ json: String) throws -> Entry {
            #expect(try JSONSchema("inspection").faults(of: json) == "")
            let entries = try JSONDecoder().decode(Document.self, from: Data(json.utf8)).fields
            try #require(entries.count == 1)
            return entries[0]
        }
    }

    private static let stampOnly =
        "not counted: what stamp (XDP of far0) does to shared; it is compiled without PKTMETA_COUNT"

    /// An attached program is judged by what it leads to, too.
    @Test func whatATailCallLeadsToCounts() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let entry = AttachmentTests.object("entry_calls") + ":entry"
            let attached = try bench.command("attach-to-interface", "far0", "--xdp", entry, "--tc", "none")
            #expect(attached.exitCode == 0, "\(attached.errors)")
            try bench.pair.send(10)
            let found = try Document.entry(try bench.command("inspect-map", "both", "--json").output)
            #expect(found.counting == "all" && found.users?.map(\.counts) == [true])
            #expect(found.state?.set == 10)
            let table = try bench.command("inspect-map", "state").output
            #expect(!table.contains("PKTMETA_COUNT") && table.contains("areas: made 10"), "\(table)")
        }
    }

    @Test func noneSomeAll() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            func entry(_ view: String) throws -> Document.Entry {
                try Document.entry(try bench.command("inspect-map", view, "--json").output)
            }
            #expect(try entry("both").counting == nil)

            let stamp = try bench.command("attach-to-interface", "far0", "--xdp", ChainTests.stamp, "--tc", "none")
            #expect(stamp.exitCode == 0, "\(stamp.errors)")
            try bench.pair.send(10)
            for view in ["state", "both", "field"] {
                let none = try entry(view)
                #expect(none.counting == "none")
                #expect(none.users?.map(\.counts) == [false])
                #expect(none.state?.set == 0)
            }
            let table = try bench.command("inspect-map", "state").output
            #expect(table.contains(/\nshared +- +- +- +not counted +-/), "\(table)")
            #expect(table.contains(Self.stampOnly), "\(table)")
            #expect(table.contains("areas: not counted: "), "\(table)")
            let field = try bench.command("inspect-map", "shared").output
            #expect(field.contains("stamp (XDP of far0, does not count)"), "\(field)")
            #expect(field.contains("counted     no: "), "\(field)")
            #expect(!field.contains("set         0"), "\(field)")

            // One that counts, of an object with PKTMETA_COUNT.
            let counter = try bench.command(
                "attach-to-interface", "far0", "--tc", TCAttachmentTests.counter, "--xdp", "none")
            #expect(counter.exitCode == 0, "\(counter.errors)")
            try bench.pair.send(10)
            let some = try entry("both")
            #expect(some.counting == "some")
            #expect(some.users?.map(\.counts) == [false, true])
            #expect(some.state?.got == 10)
            let mixed = try bench.command("inspect-map", "state").output
            #expect(mixed.contains("areas: made 0, found 10"), "\(mixed)")
            #expect(mixed.contains(/\nshared +0 +10 +0 +-/), "\(mixed)")
            #expect(mixed.contains(Self.stampOnly), "\(mixed)")

            // Only those that count, the prebuilt among them. What was counted stays when nobody counts any more.
            _ = try bench.command("attach-to-interface", "far0", "--xdp", "prebuilt", "--tc", "prebuilt")
            #expect(try entry("both").counting == "all")
            #expect(!(try bench.command("inspect-map").output).contains("not counted"))
            _ = try bench.command("attach-to-interface", "far0", "--xdp", ChainTests.stamp, "--tc", "none")
            _ = try bench.command("detach-from-interface", "far0", "--tc")
            #expect(try entry("both").counting == "none")
            let later = try bench.command("inspect-map", "state").output
            #expect(later.contains(/\nshared +0 +10 +0 +-/) && later.contains(Self.stampOnly), "\(later)")
        }
    }

    /// Scrub programs neither set nor get.
    @Test func scrubProgramsAreNotAsked() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "secret", "--type", "u32", "--private")
            let run = try bench.command("attach-to-interface", "far0", "--xdp", "none", "--tc", "scrub")
            #expect(run.exitCode == 0, "\(run.errors)")
            let entry = try Document.entry(try bench.command("inspect-map", "--json").output)
            #expect(entry.users?.map(\.program) == ["scrub"])
            #expect(entry.users?.map(\.counts) == [nil] && entry.counting == nil)
            #expect(!(try bench.command("inspect-map").output).contains("not counted"))
        }
    }

    /// Who uses a field, and whether that counts, is in pins that are the owner's alone: other readers of the registry
    /// cannot know it. It takes no capability.
    @Test func readersSeeWhatTheyMay() throws {
        try Kernel.run {
            let bench = try PrivilegeTests.Bench()
            try bench.prepare(.bound)
            try bench.expectSuccess(["create-registry", "--mode-bits", "0644"])
            #expect(chmod(bench.user.home.string, 0o711) == 0)
            func entries(as user: UInt32) throws -> [Document.Entry] {
                let run = try bench.run(["inspect-map", "--json"], .none, as: user)
                #expect(run.status == 0, "\(run.output)")
                // A note before it says whose the registry is.
                let json = run.output.drop { $0 != "{" }
                return try JSONDecoder().decode(Document.self, from: Data(json.utf8)).fields
            }
            let owners = try entries(as: OtherUser.id)
            #expect(owners.contains { $0.counting == "none" && $0.users?.isEmpty == false })
            let root = CommandRun(["inspect-map", "--json", "--registry", bench.registry.string])
            let all = try JSONDecoder().decode(Document.self, from: Data(root.output.utf8)).fields
            #expect(all.map(\.counting) == owners.map(\.counting))

            let strangers = try entries(as: PinAccessTests.stranger)
            #expect(strangers.count == owners.count)
            #expect(strangers.allSatisfy { $0.counting == nil && $0.users == nil && $0.state != nil })
            let text = try bench.run(["inspect-map"], .none, as: PinAccessTests.stranger)
            #expect(text.status == 0 && !text.output.contains("not counted"), "\(text.output)")
        }
    }
}
