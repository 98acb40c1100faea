// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// Ways in which applications may ask for fields of what they receive, by their sockets (bpf/include/pktmeta/socket.h).
public struct SocketWays: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(way: Int32) { self.init(rawValue: 1 << UInt32(way)) }

    /// Of what the next read returns: of a datagram, or of bytes of TCP.
    public static let next = SocketWays(way: PKTMETA_WAY_NEXT)
    /// Of each of the next datagrams.
    public static let batch = SocketWays(way: PKTMETA_WAY_BATCH)
    /// Of the datagram with a timestamp. Rewrites the lowest bits of the timestamps of packets to sockets that ask for it.
    public static let at = SocketWays(way: PKTMETA_WAY_AT)
    /// Of the next bytes of TCP, also where the kernel has merged packets.
    public static let bytes = SocketWays(way: PKTMETA_WAY_BYTES)
    /// As the mark of packets, in the place of whatever mark they had, to sockets that ask for it.
    public static let mark = SocketWays(way: PKTMETA_WAY_MARK)

    /// By their names, in the order in which they are told.
    public static let named: [(name: String, way: SocketWays)] = [
        ("next", .next), ("batch", .batch), ("at", .at), ("bytes", .bytes), ("mark", .mark),
    ]

    public static let all = SocketWays(named.map(\.way))

    /// Reads `all`, or names with commas between them.
    ///
    /// - Returns: nil if a name is of no way.
    public init?(_ text: String) {
        if text == Self.allWord {
            self = .all
            return
        }
        var ways: SocketWays = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let named = Self.named.first(where: { $0.name == word }) else { return nil }
            ways.insert(named.way)
        }
        self = ways
    }

    /// How all of them are written, in one word.
    public static let allWord = "all"

    /// The names of those that there are.
    public var names: [String] { Self.named.filter { contains($0.way) }.map(\.name) }
}

extension SocketWays {
    /// Which packets that come have something done to them, or kept.
    static let ofArrivals: SocketWays = [.at, .bytes, .mark]

    /// Where programs are attached for them. What fields there are, sockets may always ask.
    var hooks: [Hook] { isDisjoint(with: .ofArrivals) ? [.socketGet] : Hook.ofSockets }

    /// With what goes without saying: several datagrams are asked for as one is, and which fields there are is always told.
    var implied: SocketWays {
        let directory = union(SocketWays(way: PKTMETA_WAY_FIELDS))
        return contains(.batch) ? directory.union(.next) : directory
    }
}
