// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import Synchronization
public import SystemPackage

/// Whether the programs that answer sockets are right on this kernel, whose structures they read: tried, before an application
/// relies on them, on packets whose fields repeat bytes of their own.
///
/// The trial has a registry, a network namespace and a cgroup of its own, which go with it. No packet leaves that namespace,
/// and no other process is in that cgroup.
public struct SocketTrial: Sendable {
    private let ways: SocketWays
    private let registry: FilePath
    private let cgroup: FilePath

    public enum Outcome: Sendable, Hashable {
        /// All answers were right.
        case right
        case notTried(Obstacle)
    }

    /// What this process could not make for the trial, and why.
    public enum Obstacle: Sendable, Hashable {
        case namespace(Errno)
        case cgroup(Errno)
        case registry(PacketMetadataError)
    }

    /// - Parameters:
    ///   - ways: in which sockets are asked.
    ///   - registry: the folder of pins of the registry beside which the trial's own lies.
    ///   - cgroup: that of the applications: the trial's own is below the topmost one around it.
    public init(_ ways: SocketWays, registry: FilePath, cgroup: FilePath) {
        self.ways = ways
        self.registry = registry
        self.cgroup = cgroup
    }

    private static let purpose = "trial"
    private static let count = Atomic<Int>(0)
    /// Of this trial alone, also among others of this process.
    let name = "\(purpose)-\(count.add(1, ordering: .relaxed).newValue)"

    /// Offsets are those of a frame with an Ethernet header, as loopback has it.
    var fields = [
        Field(name: .ofIPv4, type: .u32, source: "payload:42"),
        Field(name: .ofIPv6, type: .u32, source: "payload:62"),
        Field(name: .sequence, type: .be32, source: "payload:38"),
    ]

    struct Field: Sendable {
        let name: TrialField
        let type: FieldType
        var source: String
    }

    /// - Throws: `unsupported` if an answer is wrong, or none comes; what attaching throws.
    public func run() throws(PacketMetadataError) -> Outcome {
        do throws(Stop) {
            try tryOut()
            return .right
        } catch {
            switch error {
            case .obstacle(let obstacle): return .notTried(obstacle)
            // The trial's own cgroup is nobody's business.
            case .failure(let error): throw PacketMetadataError(error.refusal)
            }
        }
    }

    private enum Stop: Error {
        case obstacle(Obstacle)
        case failure(PacketMetadataError)
    }

    private func tryOut() throws(Stop) {
        let namespace = try making(Obstacle.namespace) { () throws(Errno) in try NetworkNamespace.create() }
        TemporaryCgroup.removeAbandoned(for: Self.purpose, beside: cgroup)
        let own = try making(Obstacle.cgroup) { () throws(Errno) in
            try TemporaryCgroup(for: name, beside: cgroup)
        }
        TemporaryRegistry.removeAbandoned(for: Self.purpose, beside: registry)
        let place = TemporaryRegistry(for: name, beside: registry)
        let registry = try made(at: place.path)
        do throws(NamespaceError<PacketMetadataError>) {
            try namespace.run { () throws(PacketMetadataError) in try ask(registry, own) }
        } catch {
            switch error {
            case .entering(let errno): throw .obstacle(.namespace(errno))
            case .body(let error): throw .failure(error)
            }
        }
    }

    private func making<Value: ~Copyable>(
        _ obstacle: (Errno) -> Obstacle, _ make: () throws(Errno) -> Value
    ) throws(Stop) -> Value {
        do throws(Errno) {
            return try make()
        } catch {
            throw .obstacle(obstacle(error))
        }
    }

    private func made(at path: FilePath) throws(Stop) -> Registry {
        do throws(PacketMetadataError) {
            return try Registry.openOrCreate(at: path)
        } catch {
            throw error.kind == .missingPrivilege ? .obstacle(.registry(error)) : .failure(error)
        }
    }

    /// In the trial's namespace.
    private func ask(
        _ registry: borrowing Registry, _ own: borrowing TemporaryCgroup
    ) throws(PacketMetadataError) {
        do throws(Errno) {
            try NetworkInterface.raiseLoopback()
        } catch {
            throw PacketMetadataError(error, doing: "set the loopback interface up")
        }
        for field in fields {
            _ = try registry.register(
                FieldDefinition(
                    name: FieldName(field.name.rawValue), type: field.type,
                    source: FieldSource(field.source, type: field.type)))
        }
        _ = try registry.attach(AttachmentRequest(ways.programs), to: [own.path])
        _ = try registry.attach(AttachmentRequest(tc: .unchanged, mode: .generic), to: ["lo"])
        for kind in [LoopbackSocket.Kind.ipv4Datagrams, .ipv6Datagrams] {
            try DatagramTrial(kind, ways, own.group)?.run()
        }
        try StreamTrial(ways, own.group).run()
    }
}

/// Fields of the trial's packets.
enum TrialField: String, Sendable {
    /// The first bytes of a datagram.
    case ofIPv4 = "of_ipv4"
    case ofIPv6 = "of_ipv6"
    /// The number of a TCP packet's first byte.
    case sequence
}
