// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

// What shells complete: the scripts that `--generate-completion-script` writes call the command for what is on this host.

extension CompletionKind {
    static let types = CompletionKind.list(FieldType.names)
    static let sources = CompletionKind.list(FieldSource.names)
    static let sinks = CompletionKind.list(FieldSink.names)
    static let documents = CompletionKind.file(extensions: ["yaml", "yml", "json"])
    static let groups = CompletionKind.shellCommand("getent group | cut -d: -f1")
    static let units = CompletionKind.shellCommand(
        "systemctl list-units --plain --no-legend 2>/dev/null | cut -d' ' -f1")

    static let fields = asking { $0.fields }
    /// Several with commas.
    static let listsOfFields = CompletionKind.custom { words, _, prefix in
        let before = prefix.lastIndex(of: ",").map { prefix[...$0] } ?? ""
        return CompletionWords(words).fields.map { before + $0 }
    }
    static let viewsAndFields = asking { InspectionView.allCases.filter { $0 != .both }.map(\.rawValue) + $0.fields }
    static let owners = asking { $0.owners }
    static let steerings = asking { $0.steerings }
    static let programs = asking { $0.programs }
    static let interfaces = asking { $0.interfaces }
    static let namespaces = asking { _ in (try? Folder.names(in: "/run/netns"))?.sorted() ?? [] }
    /// Of a hook with prebuilt programs.
    static let choices = CompletionKind.custom { _, _, prefix in
        ["none", "prebuilt", "scrub"].filter { $0.hasPrefix(prefix) } + ObjectPaths(prefix).found
    }
    static let objects = CompletionKind.custom { _, _, prefix in ObjectPaths(prefix).found }

    private static func asking(_ words: @escaping @Sendable (CompletionWords) -> [String]) -> CompletionKind {
        .custom { line, _, _ in words(CompletionWords(line)) }
    }
}

/// What the line that is completed leads to. Of what this process may not read, nothing is known.
private struct CompletionWords {
    private let line: [String]

    init(_ line: [String]) { self.line = line }

    /// The value of an option, as the shell has it.
    private subscript(_ option: String) -> String? {
        if let index = line.firstIndex(of: option), index + 1 < line.count { return line[index + 1] }
        return line.first { $0.hasPrefix(option + "=") }.map { String($0.dropFirst(option.utf8.count + 1)) }
    }

    private var registry: FilePath {
        FilePath(self["--registry"] ?? ProcessEnvironment["PKTMETA_REGISTRY"] ?? Registry.defaultPath.string)
    }

    private var definitions: [FieldDefinition] {
        (try? Registry.recordedFields(at: registry).fields.fields.map(\.definition)) ?? []
    }

    var fields: [String] { definitions.map(\.name.text) }
    var owners: [String] { Set(definitions.map(\.owner)).subtracting([""]).sorted() }

    var steerings: [String] {
        guard let registry = try? Registry.open(at: registry, for: .read) else { return [] }
        return (try? registry.steerings().sound.map(\.name.text)) ?? []
    }

    /// Of the interface that is named, or of any.
    var programs: [String] {
        guard let registry = try? Registry.open(at: registry, for: .read), let hooks = try? registry.status() else {
            return []
        }
        let programs = hooks.flatMap(\.entries).compactMap { entry in
            if case .ours(let program) = entry { program.program } else { nil }
        }
        return Set(programs).sorted()
    }

    var interfaces: [String] {
        let names = try? NetworkNamespace.run(in: self["--netns"]) { () throws(PacketMetadataError) in
            ((try? NetworkInterface.all()) ?? []).map(\.name)
        }
        return names ?? []
    }
}

/// Objects and folders whose path begins so.
private struct ObjectPaths {
    private let prefix: String

    init(_ prefix: String) { self.prefix = prefix }

    var found: [String] {
        let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
        let names = (try? Folder.names(in: folder.isEmpty ? "." : FilePath(folder))) ?? []
        return names.sorted().compactMap { name in
            let path = folder + name
            guard path.hasPrefix(prefix), !name.hasPrefix(".") else { return nil }
            if name.hasSuffix(".o") { return path }
            return (try? Folder.names(in: FilePath(path))) == nil ? nil : path + "/"
        }
    }
}
