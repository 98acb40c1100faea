// swift-tools-version: 6.2
// SPDX-License-Identifier: BSD-2-Clause

import PackageDescription

// What is unsafe differs: compilers before 6.3 mind `unsafe` where they see nothing of it, and later ones mind that it is missing.
#if compiler(>=6.3)
    let warnings: [SwiftSetting] = [.treatAllWarnings(as: .error)]
    let memory: [SwiftSetting] = [.strictMemorySafety()]
#else
    let warnings: [SwiftSetting] = []
    let memory: [SwiftSetting] = []
#endif

let strict: [SwiftSetting] =
    memory + warnings + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]

// Tests may look at memory as they like. Optimised, what they test is: they themselves would take longer to compile than all else.
let tests: [SwiftSetting] =
    warnings + [
        .enableUpcomingFeature("MemberImportVisibility"),
        .unsafeFlags(["-Onone"], .when(configuration: .release)),
    ]

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "pktmeta",
    products: [
        .executable(name: "pktmeta", targets: ["pktmeta"]),
        .executable(name: "pktmeta-bench", targets: ["pktmeta-bench"]),
        .library(name: "PacketMetadata", targets: ["PacketMetadata", "RegistryModel"]),
        .library(name: "DeclarationFiles", targets: ["DeclarationFiles"]),
        .library(name: "PacketMetadataSockets", targets: ["PacketMetadataSockets"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    ],
    targets: [
        // What C declares.
        .systemLibrary(name: "Clibbpf", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
        .systemLibrary(name: "Clibyaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(
            name: "PktmetaABI", path: "bpf",
            exclude: ["bench", "carry", "compile", "encodings", "examples", "programs"],
            sources: ["abi.c"],
            publicHeadersPath: "include"),
        .target(name: "CBPFShims", dependencies: ["Clibbpf"]),
        .target(name: "CLinuxShims"),
        .target(name: "CBuildStamp"),
        .target(name: "CFieldReader", dependencies: ["CLinuxShims", "PktmetaABI"]),
        .target(name: "CSocketLoops", dependencies: ["PktmetaABI"]),
        .target(name: "CZlibShims", linkerSettings: [.linkedLibrary("z")]),

        // BPF programs, which each build compiles, as a program carries them.
        .plugin(name: "CarryObjects", capability: .buildTool()),
        .target(
            name: "BPFObjects", dependencies: ["CZlibShims"], swiftSettings: strict, plugins: ["CarryObjects"]),
        .target(
            name: "BenchObjects", dependencies: ["BPFObjects"], swiftSettings: strict, plugins: ["CarryObjects"]),

        // The domain without I/O; the kernel's objects; the two joined.
        .target(name: "RegistryModel", dependencies: ["PktmetaABI", system], swiftSettings: strict),
        .target(name: "Linux", dependencies: ["CLinuxShims", system], swiftSettings: strict),
        .target(
            name: "BPF", dependencies: ["Linux", "Clibbpf", "CBPFShims", "CLinuxShims", system], swiftSettings: strict),
        .target(
            name: "PacketMetadata",
            dependencies: [
                "RegistryModel", "BPF", "Linux", "PktmetaABI", "BPFObjects", "PacketMetadataSockets", system,
            ],
            swiftSettings: strict),

        // Documents that declare what a host is to have.
        .target(
            name: "DeclarationFiles", dependencies: ["PacketMetadata", "RegistryModel", "Linux", "Clibyaml", system],
            swiftSettings: strict),

        // For applications that get fields by their sockets: no BPF, no library of C.
        .target(name: "PacketMetadataSockets", dependencies: ["PktmetaABI"], swiftSettings: strict),

        // A place to try things on real packets.
        .target(
            name: "Testbed", dependencies: ["PacketMetadata", "RegistryModel", "BPF", "Linux", system],
            swiftSettings: strict),

        // The command line.
        .target(
            name: "PktmetaCommands",
            dependencies: [
                "PacketMetadata", "DeclarationFiles", "RegistryModel", "Linux", "Testbed", "CBuildStamp",
                "CFieldReader",
                arguments, system,
            ],
            swiftSettings: strict),
        .executableTarget(name: "pktmeta", dependencies: ["PktmetaCommands"], swiftSettings: strict),

        // What measures, a program of its own: no other carries the objects that are compared.
        .target(
            name: "Benchmark",
            dependencies: [
                "Testbed", "PacketMetadata", "RegistryModel", "BPF", "Linux", "BPFObjects", "BenchObjects",
                "CSocketLoops", system,
            ],
            swiftSettings: strict),
        .target(
            name: "BenchCommands",
            dependencies: ["Benchmark", "PktmetaCommands", "PacketMetadata", "RegistryModel", "Linux", arguments],
            swiftSettings: strict),
        .executableTarget(
            name: "pktmeta-bench", dependencies: ["BenchCommands", "PktmetaCommands"], swiftSettings: strict),

        // Tests: without privileges first, then on the real kernel.
        .target(name: "CTestSupport", path: "Tests/CTestSupport"),
        .target(
            name: "TestSupport",
            dependencies: [
                "BPF", "BPFObjects", "BenchObjects", "Linux", "RegistryModel", "PacketMetadata", "PktmetaCommands",
                "PktmetaABI", "Testbed", "CTestSupport", system,
            ],
            path: "Tests/TestSupport", swiftSettings: tests),
        .executableTarget(
            name: "object-fuzzer", dependencies: ["BPF", "Linux", system], path: "Tests/ObjectFuzzer",
            swiftSettings: tests),
        .testTarget(name: "ArchitectureTests", swiftSettings: tests),
        .testTarget(
            name: "RegistryModelTests", dependencies: ["RegistryModel", "PktmetaABI", "TestSupport", system],
            swiftSettings: tests),
        .testTarget(name: "BenchmarkTests", dependencies: ["Benchmark"], swiftSettings: tests),
        .testTarget(
            name: "DecisionTests", dependencies: ["BPF", "Linux", "PacketMetadata", "RegistryModel"],
            swiftSettings: tests),
        .executableTarget(
            name: "declaration-fuzzer", dependencies: ["DeclarationFiles", "PacketMetadata", "RegistryModel", system],
            path: "Tests/DeclarationFuzzer", swiftSettings: tests),
        .testTarget(
            name: "DeclarationTests",
            dependencies: [
                "declaration-fuzzer",
                "DeclarationFiles", "PacketMetadata", "PktmetaCommands", "RegistryModel", "Linux", "TestSupport",
                system,
            ],
            swiftSettings: tests),
        .testTarget(name: "ABITests", dependencies: ["BPF", "PktmetaABI", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "PktmetaCommands", "BenchCommands", "Benchmark", "PacketMetadata", "RegistryModel", "BPF", "Linux",
                "PktmetaABI", "TestSupport", arguments, system,
            ],
            exclude: ["Snapshots"], swiftSettings: tests),
        .testTarget(
            name: "KernelTests",
            dependencies: [
                "BPF", "BPFObjects", "BenchObjects", "Benchmark", "BenchCommands", "Linux", "PacketMetadata",
                "RegistryModel", "PktmetaABI",
                "PktmetaCommands", "PacketMetadataSockets", "Testbed", "TestSupport", "object-fuzzer",
                arguments, system,
            ],
            swiftSettings: tests),
        .testTarget(
            name: "ReleaseTests",
            dependencies: ["BPF", "BPFObjects", "BenchObjects", "DeclarationFiles", "Linux", "TestSupport", system],
            swiftSettings: tests),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
