// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// A package that has nothing but this one as a dependency, by the address of a repository.
@Suite(Kernel.required) struct PackageTests {
    private static let manifest = """
        // swift-tools-version: 6.2
        import PackageDescription

        let package = Package(
            name: "lister",
            dependencies: [.package(url: "file://REPOSITORY", branch: "main")],
            targets: [
                .executableTarget(name: "lister", dependencies: [.product(name: "PacketMetadata", package: "pktmeta")])
            ])

        """

    /// Arguments: the registry's folder. What makes a registry loads a program that the library carries.
    private static let program = """
        import PacketMetadata
        import RegistryModel

        let registry = try Registry.openOrCreate(at: .init(CommandLine.arguments[1]), capacity: 64)
        _ = try registry.register(FieldDefinition(name: FieldName("tenant"), type: .u32, owner: "edge"))
        for field in try registry.image().fields { print(field.definition.name, field.definition.type) }

        """

    /// Arguments: this package's folder, where its repository is to be. What was changed here is in it, committed or not.
    private static let makeRepository = """
        set -e
        mkdir "$2"
        cd "$1"
        git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
            if [ -e "$file" ]; then printf '%s\\0' "$file"; fi
        done | xargs -0 cp --parents -t "$2"
        cd "$2"
        git init -q -b main
        git add --all
        git -c user.name=tests -c user.email=tests@localhost commit -q -m tests
        git ls-files
        """

    /// Debug builds, or those that PKTMETA_CONFIGURATIONS names, with blanks between them.
    private static let configurations = ProcessInfo.processInfo.environment["PKTMETA_CONFIGURATIONS"] ?? "debug"

    /// By the toolchain's build system: objects of BPF programs are compiled, and no file is there that was not committed.
    @Test func aDependencyByURLIsBuiltAndUsed() throws {
        let folder = try ScratchFolder()
        let repository = folder.path.appending("pktmeta").string
        let made = try ChildProcess.run(["bash", "-c", Self.makeRepository, "bash", Fixture.root.string, repository])
        try #require(made.status == 0, "\(made.output)")
        let files = made.output.split(separator: "\n")
        #expect(
            files.contains("Package.swift") && !files.contains { $0.hasSuffix(".bpf.o") || $0 == "Package.resolved" })

        let package = folder.path.appending("lister")
        let sources = package.appending("Sources/lister")
        try #require(try ChildProcess.run(["mkdir", "-p", sources.string]).status == 0)
        let manifest = Self.manifest.replacing("REPOSITORY", with: repository)
        _ = try folder.write(Array(manifest.utf8), as: "lister/Package.swift")
        _ = try folder.write(Array(Self.program.utf8), as: "lister/Sources/lister/main.swift")
        for configuration in Self.configurations.split(separator: " ").map(String.init) {
            let built = try ChildProcess.run([
                "timeout", "1800", "swift", "build", "--package-path", package.string, "-c", configuration,
            ])
            try #require(built.status == 0, "\(configuration): \(built.output.suffix(4000))")
            #expect(!built.output.contains("warning: "), "\(configuration): \(built.output)")
            let scratch = ScratchRegistry()
            defer { withExtendedLifetime(scratch) {} }
            try Kernel.run {
                let program = package.appending(".build/\(configuration)/lister").string
                let run = try ChildProcess.run([program, scratch.path.string])
                #expect(run.status == 0 && run.output == "tenant u32\n", "\(configuration): \(run.output)")
            }
        }
    }
}
