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
            discussion: "Default: $PKTMETA_REGISTRY, else \(Registry.defaultPath).", valueName: "path"))
    var path: String?

    func path(in context: Context) -> FilePath {
        if let path { return FilePath(path) }
        let named = context.environment["PKTMETA_REGISTRY"] ?? ""
        return named.isEmpty ? Registry.defaultPath : FilePath(named)
    }
}

struct WritingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long to wait for another process that changes the registry; 0: not at all.", valueName: "seconds"))
    var lockTimeout = Seconds(10)

    func wait(in context: Context) -> LockWait {
        LockWait(upTo: lockTimeout.duration) { context.progress($0) }
    }

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
            let longest = 1e9  // some thirty years
            guard let seconds = Double(argument), seconds >= 0, seconds <= longest else { return nil }
            duration = .seconds(seconds)
            defaultValueDescription = argument
        }
    }
}

struct OutputOptions: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print one JSON document, errors too.")
    var isJSON = false
}

struct NamespaceOptions: ParsableArguments {
    @Option(
        name: .customLong("netns"),
        help: ArgumentHelp(
            "The interface's network namespace: a name (ip netns), a process id or a path.", valueName: "namespace"))
    var name: String?

    /// Runs something in the namespace asked for, or where we are.
    func run<Value>(
        _ summary: String, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        guard let name else { return try body() }
        let namespace = try open(name, summary)
        return try namespace.run(name, summary, body)
    }

    private func open(_ name: String, _ summary: String) throws(PacketMetadataError) -> NetworkNamespace {
        let path = NetworkNamespace.path(named: name)
        do throws(Errno) {
            return try NetworkNamespace(path: path)
        } catch {
            if error == .permissionDenied || error == .notPermitted {
                throw PacketMetadataError(
                    .missingPrivilege, summary, reason: "cannot open the network namespace \(path) (\(error.name))",
                    remedy: "Entering one takes CAP_SYS_ADMIN; that of another user's process, CAP_SYS_PTRACE as well.")
            }
            throw PacketMetadataError(
                .notFound, summary, reason: "there is no network namespace at \(path) (\(error.name))",
                remedy: "ip netns list shows the named ones.")
        }
    }
}
