// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import TestSupport
import Testing

/// The registry changes between the arrival of packets and what an application asks about them: each way of asking gives the
/// contract's error, and never the value of something else.
@Suite(Kernel.required) struct SocketChangeTests {
    private static let fields: [(name: String, type: String, more: [String])] = [
        ("hole", "u64", ["--source", "constant:5"]),
        ("number", "u64", ["--source", "payload:42"]),
        ("short_number", "u32", ["--source", "payload:42"]),
        ("tenant", "u32", ["--source", "constant:7"]),
    ]

    private static let answered = "next answered batch answered at answered bytes answered next of TCP answered"
    private static func refused(_ name: String) -> String {
        "next \(name) batch \(name) at \(name) bytes \(name) next of TCP \(name)"
    }

    /// What the application says, by line, of the fields before and behind commands.
    private func outcome(of commands: [String], ways: String = "all") throws -> [String] {
        let bench = try SocketBench(fields: Self.fields)
        try bench.attach(ways)
        let words = commands.map { command in
            "\(Fixture.command) \(command) --registry \(bench.scratch.path) >/dev/null 2>&1"
                .replacing("CGROUP", with: bench.cgroup.path.string)
        }
        let lines = try bench.ask("change", meanwhile: "set -e; " + words.joined(separator: "; "))
            .split(separator: "\n").map(String.init)
        #expect(lines.first == "before, number: \(Self.answered)")
        return Array(lines.dropFirst())
    }

    @Test func nothingChanges() throws {
        try Kernel.run {
            let lines = try outcome(of: [])
            let fields = Self.fields.map { "\($0.name): \(Self.answered)" }
            let before = ["with the id of before: \(Self.answered)"]
            #expect(lines == before + fields + ["later: number right, mark 5"])
        }
    }

    /// A field in the place of another.
    @Test func aFieldThatHasGoneIsRefusedAndSoIsANewer() throws {
        try Kernel.run {
            let lines = try outcome(of: [
                "unregister-field number", "unregister-field short_number",
                "register-field newcomer --type u64 --source constant:1",
                "register-field shorter --type u32 --source constant:1",
            ])
            #expect(
                Set(lines) == [
                    "with the id of before: \(Self.refused("ENOENT"))", "hole: \(Self.answered)",
                    "newcomer: \(Self.refused("EFAULT"))", "shorter: \(Self.refused("EFAULT"))",
                    "tenant: \(Self.answered)",
                    // The mark was asked for by the id that has gone.
                    "later: number ENOENT, mark 0",
                ])
        }
    }

    @Test func aFieldThatHasMovedIsRefused() throws {
        try Kernel.run {
            let lines = try outcome(of: ["unregister-field hole", "compact"])
            let moved = lines.filter { $0.hasSuffix(Self.refused("EFAULT")) }
            #expect(!moved.isEmpty && moved.count + lines.filter { $0.hasSuffix(Self.answered) }.count == 4, "\(lines)")
            #expect(lines.last == "later: number right, mark 5")
        }
    }

    /// The same fields in another registry at the same path.
    @Test func aRegistryThatIsMadeAnewKnowsNothingOfEarlierPackets() throws {
        try Kernel.run {
            let lines = try outcome(
                of: ["delete-registry --force", "create-registry --capacity 64"]
                    + Self.fields.map { field in
                        "register-field \(field.name) --type \(field.type) \(field.more.joined(separator: " "))"
                    } + [
                        "attach-to-interface \(VethPair.far) --tc none", "attach-to-cgroup CGROUP --sockets all",
                    ])
            // What the sockets had asked for is gone too.
            let refused = "next EFAULT batch EFAULT at ESTALE bytes EFAULT next of TCP EFAULT"
            let before = ["with the id of before: \(Self.refused("ENOENT"))"]
            #expect(lines == before + Self.fields.map { "\($0.name): \(refused)" } + ["later: number right, mark 0"])
        }
    }
}
