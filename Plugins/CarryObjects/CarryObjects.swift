// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import PackagePlugin

/// Compiles BPF programs with the toolchain's own clang, as a part of each build, and makes a Swift file of each object.
///
/// How they are compiled and packed is said in `bpf/compile` and `bpf/carry`.
@main
struct CarryObjects: BuildToolPlugin {
    struct UnknownTarget: Error, CustomStringConvertible {
        let name: String
        var description: String { "no folder of BPF programs is known for the target \(name)" }
    }

    /// The folder of the programs whose objects a target carries, and those of headers: all below the package's `bpf`.
    private static func folders(of target: Target) throws -> (programs: String, headers: [String]) {
        switch target.name {
        case "BPFObjects": ("programs", ["programs", "include/pktmeta"])
        case "BenchObjects": ("bench", ["bench", "encodings", "programs", "include/pktmeta"])
        default: throw UnknownTarget(name: target.name)
        }
    }

    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        let bpf = context.package.directoryURL.appending(path: "bpf")
        let folders = try Self.folders(of: target)
        let sources = try Set([folders.programs] + folders.headers).flatMap {
            try Self.files(in: bpf.appending(path: $0))
        }
        let (clang, objcopy) = try (context.tool(named: "clang").url, context.tool(named: "llvm-objcopy").url)
        let modules = target.name == "BPFObjects" ? [] : ["BPFObjects"]
        let scripts = ["carry", "compile"].map { bpf.appending(path: $0) }
        return try Self.files(in: bpf.appending(path: folders.programs)).filter(Self.isProgram).map { program in
            let name = program.lastPathComponent.dropLast(Self.programSuffix.count)
            let object = context.pluginWorkDirectoryURL.appending(path: "\(name).bpf.o")
            let swift = context.pluginWorkDirectoryURL.appending(path: "\(name)_object.swift")
            let included = try sources.filter { try !Self.isProgram($0) || Self.names($0, in: program) }
            return .buildCommand(
                displayName: "Compiling BPF program \(name)", executable: scripts[0],
                arguments: [clang, objcopy, program, object, swift].map { $0.path(percentEncoded: false) } + modules,
                inputFiles: scripts + [program] + included, outputFiles: [swift])
        }
    }

    private static let programSuffix = ".bpf.c"

    private static func isProgram(_ file: URL) -> Bool { file.lastPathComponent.hasSuffix(programSuffix) }

    /// Headers and programs, sorted.
    private static func files(in folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "h" || isProgram($0) }
            .sorted { $0.path() < $1.path() }
    }

    /// Whether a program includes another, or may.
    private static func names(_ other: URL, in program: URL) throws -> Bool {
        try String(contentsOf: program, encoding: .utf8).contains(other.lastPathComponent)
    }
}
