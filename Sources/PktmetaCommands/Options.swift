// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct RegistryOptions: ParsableArguments {
    @Option(
        name: .customLong("registry"),
        help: ArgumentHelp(
            "The registry's folder of pins, in a BPF file system.",
            discussion: "Default: $PKTMETA_REGISTRY, else \(Registry.defaultPath).", valueName: "path"),
        completion: .directory)
    var path: String?

    func path(in context: Context) -> FilePath { context.registry(path) }
}

extension Context {
    /// The registry that was named, by an option or by the environment, or the one for all.
    func registry(_ option: String?) -> FilePath {
        if let option { return FilePath(option) }
        let named = environment("PKTMETA_REGISTRY") ?? ""
        return named.isEmpty ? Registry.defaultPath : FilePath(named)
    }

    /// Opens a registry to read it, and says whose it is if it is somebody else's.
    func readableRegistry(at path: FilePath) throws(PacketMetadataError) -> Registry {
        let registry = try Registry.open(at: path, for: .read)
        note(foreignOwnerOf: registry)
        return registry
    }

    func registryForPrograms(at path: FilePath) throws(PacketMetadataError) -> Registry {
        let registry = try Registry.openForPrograms(at: path)
        note(foreignOwnerOf: registry)
        return registry
    }

    /// Of any ABI.
    func recordedFields(at path: FilePath) throws(PacketMetadataError) -> RecordedFields {
        let (fields, foreignOwner) = try Registry.recordedFields(at: path)
        note(foreignOwner, of: path)
        return fields
    }

    /// Says what somebody may want to know beside the answer.
    func note(_ text: String) { errors("note: \(text)") }

    func note(foreignOwnerOf registry: borrowing Registry) {
        note(registry.foreignOwner, of: registry.path)
    }

    private func note(_ foreignOwner: (some CustomStringConvertible)?, of path: FilePath) {
        if let foreignOwner { note("the registry \(path) belongs to \(foreignOwner)") }
    }

    /// How long a change waits for others, and who is told.
    func wait(upTo timeout: Duration) -> LockWait { LockWait(upTo: timeout) { progress($0) } }
}

struct WritingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long to wait for another process that changes the registry; 0: not at all.", valueName: "seconds"))
    var lockTimeout = Seconds(Self.defaultTimeout)

    @Flag(
        help: ArgumentHelp(
            "Also change a registry of another user: that user decides what is loaded for it, with your privileges."))
    var trustOwner = false

    static let defaultTimeout = 10

    func wait(in context: Context) -> LockWait { context.wait(upTo: lockTimeout.duration) }

    /// A number of seconds, not necessarily a whole one.
    struct Seconds: ExpressibleByArgument, CustomStringConvertible {
        let duration: Duration
        let defaultValueDescription: String
        var description: String { defaultValueDescription }

        init(_ seconds: Int) {
            duration = .seconds(seconds)
            defaultValueDescription = "\(seconds)"
        }

        init?(argument: String) {
            let longest = 1e9  // some thirty years, and nobody will tell that from longer
            guard let seconds = Double(argument), seconds >= 0 else { return nil }
            duration = .seconds(min(seconds, longest))
            defaultValueDescription = argument
        }
    }
}

package struct OutputOptions: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print one JSON document, errors too.")
    package var isJSON = false

    package init() {}
}

struct NamespaceOptions: ParsableArguments {
    @Option(
        name: .customLong("netns"),
        help: ArgumentHelp(
            "The interface's network namespace: a name (ip netns), a process id or a path.", valueName: "namespace"),
        completion: .namespaces)
    var name: String?

    /// Runs something in the namespace asked for, or where we are.
    ///
    /// - Parameter action: what was asked for.
    func run<Value>(
        _ action: Action, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        try doing(action) { () throws(PacketMetadataError) in try NetworkNamespace.run(in: name, body) }
    }
}

/// A field's id as an argument.
struct FieldIDArgument: ExpressibleByArgument {
    let id: FieldID

    init?(argument: String) {
        guard let id = FieldID(argument) else { return nil }
        self.id = id
    }
}
