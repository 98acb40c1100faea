// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// What network namespaces are called that packets are in, asked once of each.
///
/// The kernel gives the inode number of one that is gone to another one, and its cookie to none. Before Linux 5.12 events
/// have no cookie: a name is then good for a moment.
struct NamespaceNames {
    private struct Key: Hashable {
        let inode: UInt32
        let cookie: UInt64
    }

    private let here = (try? NetworkNamespace.current().inode()) ?? 0
    private let name: (UInt64) -> String?
    private var known: [Key: (label: TracedPacket.Namespace, since: ContinuousClock.Instant)] = [:]

    /// - Parameter name: that of the namespace with an inode number; nil if it has none.
    init(name: @escaping (UInt64) -> String? = NetworkNamespace.name(ofInode:)) { self.name = name }

    private static let moment = Duration.milliseconds(200)

    mutating func label(_ inode: UInt32, cookie: UInt64) -> TracedPacket.Namespace {
        // This process keeps its own alive.
        if UInt64(inode) == here { return .here }
        let key = Key(inode: inode, cookie: cookie)
        if let known = known[key], cookie != 0 || known.since.duration(to: .now) < Self.moment { return known.label }
        let label = name(UInt64(inode)).map(TracedPacket.Namespace.named) ?? .inode(inode)
        known[key] = (label, .now)
        return label
    }
}
