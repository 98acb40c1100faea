// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import DeclarationFiles
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What is declared, and for which registry.
struct DeclarationOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Documents, YAML or JSON, and folders of them; - is the input. Several are one. Default: \(Self.usualFolder).",
            valueName: "file"), completion: .documents)
    var files: [String] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    static let usualFolder = "/etc/pktmeta.d"

    func declaration() throws(PacketMetadataError) -> HostDeclaration {
        try DeclarationFiles.read(
            paths: files.isEmpty ? [FilePath(Self.usualFolder)] : files.map { FilePath($0) })
    }

    /// An option says it, or a document, or the environment.
    func path(_ declaration: HostDeclaration, in context: Context) -> FilePath {
        if registry.path == nil, let declared = declaration.registry.path { return declared }
        return registry.path(in: context)
    }
}

/// What may go to make a host as it is declared.
struct LimitOptions: ParsableArguments {
    @Flag(help: "Let fields and programs go that the documents' owners have declared before, and declare no more.")
    var prune = false

    @Flag(
        help:
            "Register fields anew that are declared otherwise than they are: packets under way lose them, and they get other ids."
    )
    var replace = false

    var limits: DeclarationLimits { DeclarationLimits(prunes: prune, replaces: replace) }
}
