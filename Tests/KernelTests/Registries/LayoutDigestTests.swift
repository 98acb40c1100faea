// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Digests as the command prints them, compared with what sha256sum(1) says.
@Suite(Kernel.required) struct LayoutDigestTests {
    private static func sha256sum(_ bytes: [UInt8]) throws -> Substring {
        let folder = try ScratchFolder()
        let file = try folder.write(bytes, as: "message")
        return try ChildProcess.run(["sha256sum", file.string]).output.prefix(64)
    }

    @Test func theDigestIsThatOfSha256sum() throws {
        // Around the ends of one block and of two, and some others.
        let lengths = [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129]
        for length in lengths + (0..<20).map({ _ in Int.random(in: 0..<5000) }) {
            let message = (0..<length).map { _ in UInt8.random(in: .min ... .max) }
            let digest = SHA256.digest(of: message).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(try digest == Self.sha256sum(message), "\(length) bytes")
        }
    }

    private static func command(_ scratch: ScratchRegistry, _ arguments: String...) -> CommandRun {
        CommandRun(arguments + ["--registry", scratch.path.string])
    }

    private static func register(_ scratch: ScratchRegistry, _ fields: [[String]]) {
        for field in fields {
            let run = CommandRun(["register-field"] + field + ["--registry", scratch.path.string])
            #expect(run.exitCode == 0, "\(run.errors)")
        }
    }

    @Test func theCommandPrintsIt() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            Self.register(
                scratch, [["tenant", "--type", "u32", "--source", "constant:7"], ["trusted", "--type", "flag"]])
            let canonical = Self.command(scratch, "layout-digest", "--canonical")
            let lines = ["pktmeta-layout 1", "abi 2", "capacity 64", "field tenant u32 8", "field trusted flag -"]
            #expect(canonical.bytes == Array(lines.map { $0 + "\n" }.joined().utf8))
            let digest = Self.command(scratch, "layout-digest").output
            #expect(try digest == Self.sha256sum(canonical.bytes))
            let verbose = Self.command(scratch, "layout-digest", "--verbose").output
            #expect(verbose.split(separator: "\n").map(String.init) == [digest] + lines)
            let document = Self.command(scratch, "layout-digest", "--json")
            #expect(try JSONSchema("layout").faults(of: document.output) == "")
            #expect(try document.json["digest"] as? String == digest)
            #expect(try document.json["lines"] as? [String] == lines)

            let ids = Self.command(scratch, "layout-digest", "--ids", "--canonical")
            let id = try #require(Registry.open(at: scratch.path, for: .read).image().fields.first).id
            #expect(String(decoding: ids.bytes, as: UTF8.self).contains("field tenant u32 8 \(id)\n"))
            #expect(try Self.command(scratch, "layout-digest", "--ids").output == Self.sha256sum(ids.bytes))
            for other in ["--json", "--verbose"] {
                #expect(Self.command(scratch, "layout-digest", "--canonical", other).exitCode == 64)
            }
        }
    }

    /// The same fields by another way, on another host as it were; then with the same ids, too.
    @Test func twoRegistriesAreCompared() throws {
        try Kernel.run {
            let (one, two) = (ScratchRegistry(), ScratchRegistry())
            Self.register(one, [["trace", "--type", "u64"], ["tenant", "--type", "u32", "--owner", "acme"]])
            Self.register(two, [["trace", "--type", "u64", "--source", "ktime"], ["trusted", "--type", "flag"]])
            func digests(_ arguments: String...) -> [String] {
                [one, two].map { CommandRun(["layout-digest", "--registry", $0.path.string] + arguments).output }
            }
            #expect(digests()[0] != digests()[1])
            Self.register(two, [["tenant", "--type", "u32"]])
            #expect(Self.command(two, "unregister-field", "trusted").exitCode == 0)
            #expect(digests()[0] == digests()[1] && digests()[0].count == 64)
            #expect(digests("--ids")[0] != digests("--ids")[1])
            let three = ScratchRegistry()
            for field in try Registry.open(at: one.path, for: .read).image().fields {
                Self.register(three, [[field.name.text, "--type", "\(field.type)", "--id", field.id.description]])
            }
            #expect(Self.command(three, "layout-digest", "--ids").output == digests("--ids")[0])
        }
    }

    /// Nobody is to rely on half of a layout.
    @Test func whatIsDamagedHasNone() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            Self.register(scratch, [["tenant", "--type", "u32"]])
            let registry = try Registry.open(at: scratch.path, for: .write)
            try MappedArray(registry.fieldsMap).store(
                7 << 56, at: 0, word: RegistryImage.layoutWord(registry.image().fields[0].slot))
            let run = Self.command(scratch, "layout-digest")
            #expect(run.exitCode == 65 && run.output == "")
            #expect(run.errors.contains("cannot tell the layout of \(scratch.path)"), "\(run.errors)")
            #expect(run.errors.contains("makes no sense"), "\(run.errors)")
            #expect(Self.command(ScratchRegistry(), "layout-digest").exitCode == 66)
        }
    }
}
