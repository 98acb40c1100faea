// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// The documentation's tutorial, as its readers would follow it.
@Suite(Kernel.required) struct TutorialTests {
    static let steps = [
        "tutorial-01-open", "tutorial-02-register", "tutorial-03-attach", "tutorial-04-inspect", "tutorial-05-watch",
    ]

    private static func code(_ step: String) throws -> String {
        try Fixture.documentation("Resources/\(step).swift")
    }

    @Test func eachStepGoesOnFromTheOneBefore() throws {
        for (earlier, later) in zip(Self.steps, Self.steps.dropFirst()) {
            #expect(try Self.code(later).hasPrefix(Self.code(earlier)), "\(later)")
        }
    }

    /// Compiled against the library alone, with what a package that depends on it would see.
    @Test func theFinishedProgramDoesWhatItSays() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let pair = try VethPair()
            let folder = try ScratchFolder()
            let code = try Self.code("tutorial-05-watch")
                .replacingOccurrences(of: "/sys/fs/bpf/tutorial", with: scratch.path.string)
                .replacingOccurrences(of: "\"eth0\"", with: "\"\(VethPair.far)\"")
            let source = try folder.write(Array(code.utf8), as: "main.swift")
            let program = folder.path.appending("program")
            let outcome = try ChildProcess.run([
                "sh", "-c", Self.compile, "sh", Fixture.builtFolder.string, source.string, program.string,
                Fixture.root.string,
            ])
            try #require(outcome.status == 0, "\(outcome.output)")

            let traffic = BackgroundTraffic(pair)
            let run = try pair.inReceiver { try ChildProcess.run([program.string]) }
            _ = try traffic.stop()
            #expect(run.status == 0, "\(run.output)")
            let lines = run.output.split(separator: "\n").map(String.init)
            try #require(lines.count >= 9, "\(run.output)")
            #expect(lines[0].hasPrefix("tenant 0x01") && lines[0].hasSuffix("is new"))
            #expect(lines[2] == "far0 XDP producer attached")
            #expect(lines[3] == "far0 TC ingress consumer attached")
            for line in lines[4...5] {
                #expect(line.wholeMatch(of: /\w+ [1-9]\d* in all, [1-9]\d*\.\d+ a second/) != nil, "\(line)")
            }
            #expect(lines.filter { $0.hasPrefix("packet of 60 bytes: [\"tenant=7\", \"seen_at=") }.count == 3)
        }
    }

    @Test func theOverviewsExamplesAreASwiftProgram() throws {
        let blocks = CodeBlock.all(in: try Fixture.documentation("PacketMetadata.md")).filter { $0.language == "swift" }
        try #require(blocks.count == 2)
        let folder = try ScratchFolder()
        let source = try folder.write(Array(blocks.map(\.code).joined().utf8), as: "main.swift")
        let program = folder.path.appending("program")
        let outcome = try ChildProcess.run([
            "sh", "-c", Self.compile, "sh", Fixture.builtFolder.string, source.string, program.string,
            Fixture.root.string,
        ])
        #expect(outcome.status == 0 && !outcome.output.contains("warning: "), "\(outcome.output)")
    }

    /// Arguments: where the library was built, the source, the program, the package. What the build lists is linked: objects of
    /// files that have gone are still there.
    private static let compile = """
        set -e
        objects=$(for module in PacketMetadata PacketMetadataSockets RegistryModel BPF BPFObjects Linux SystemPackage; do \\
            sed -n 's/^ *"object": "\\(.*\\)",*$/\\1/p' "$1/$module.build/output-file-map.json"; done | \\
            while read -r object; do if [ -e "$object" ]; then echo "$object"; fi; done
            for module in CBPFShims CLinuxShims CZlibShims PktmetaABI CSystem; do \\
            ls "$1/$module.build"/*.o "$1/$module.build"/*/*.o 2>/dev/null || true; done)
        maps=$(for module in CBPFShims CLinuxShims CZlibShims; do \\
            echo "-Xcc -fmodule-map-file=$1/$module.build/module.modulemap"; done)
        maps="$maps -Xcc -fmodule-map-file=$1/../../checkouts/swift-system/Sources/CSystem/include/module.modulemap"
        maps="$maps -Xcc -fmodule-map-file=$4/bpf/include/module.modulemap"
        swiftc -swift-version 6 -I "$1/Modules" -I "$4/Sources/Clibbpf" $maps "$2" $objects -lbpf -lelf -lz -o "$3"
        """
}
