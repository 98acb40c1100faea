// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel
public import SystemPackage

/// What a steering is to be.
public struct SteeringRequest: Sendable, Hashable {
    public let name: SteeringName
    /// By whose value the socket is picked: an integer, or a flag.
    public let field: FieldName
    /// How many sockets there may be.
    public let sockets: Int
    /// The number of the group whose members may open it; nil leaves that as it is, nobody but the owner if it is made.
    let group: UInt32?

    /// - Parameters:
    ///   - name: the steering's.
    ///   - field: whose value picks the socket.
    ///   - sockets: how many the application has.
    ///   - group: a group's name or number.
    /// - Throws: `usage` for a number of sockets that cannot be; `notFound` if there is no such group.
    public init(
        _ name: SteeringName, by field: FieldName, sockets: Int, sharedWith group: String? = nil
    ) throws(PacketMetadataError) {
        (self.name, self.field, self.sockets) = (name, field, sockets)
        self.group = try doing(.createSteering(name.text)) { () throws(PacketMetadataError) in
            guard SteeringRecord.socketCounts.contains(sockets) else {
                throw PacketMetadataError(
                    SteeringRefusal.badSocketCount(sockets, most: SteeringRecord.socketCounts.upperBound))
            }
            guard let group else { return nil }
            return try PinAccess(modeBits: nil, group: group).group
        }
    }
}

/// A program that picks the socket of an SO_REUSEPORT group by a field, pinned for applications to attach it.
public struct Steering: Sendable, Hashable {
    public let name: SteeringName
    public let field: FieldName
    public let type: FieldType
    /// Whether there is no such field any more: the kernel chooses for each packet. A field that was registered anew under
    /// the name is another one.
    public let isFieldGone: Bool
    /// How many sockets there may be: a value without an entry of its own is taken modulo it.
    public let sockets: Int
    /// How many sockets applications have put there; nil if this process may not look.
    public let filledSockets: Int?
    /// How many values have an entry of their own; nil likewise.
    public let ownValues: Int?
    /// What became of packets; nil likewise.
    public let counts: SteeringCounts?
    /// The kernel's number of the program; nil likewise.
    public let programID: UInt32?
    /// The number of the group that may open it; nil if only the owner may.
    public let group: UInt32?
    /// The name of that group in /etc/group; nil if it has none there.
    public let groupName: String?
    /// CLOCK_REALTIME, ns.
    public let createdAt: UInt64
    /// The folder of its pins.
    public let pins: FilePath

    /// The first folder on the way to a shared one that its group cannot pass; nil if there is none.
    public var closedAncestor: FilePath? {
        guard let group else { return nil }
        var ancestor = pins
        while ancestor.removeLastComponent() {
            guard let access = try? FileAccess(of: ancestor) else { continue }
            let isOpenToGroup = access.bits & 0o010 != 0 && access.group == group
            if access.bits & 0o001 == 0, !isOpenToGroup { return ancestor }
        }
        return nil
    }
}

/// What became of packets that came to the groups that a steering is attached to, since it was made.
public struct SteeringCounts: Sendable, Hashable {
    /// To the socket that the value leads to.
    public var steered: UInt64 = 0
    /// No value: the kernel has chosen.
    public var noField: UInt64 = 0
    /// No socket where the value leads: likewise.
    public var noSocket: UInt64 = 0

    package init(steered: UInt64, noField: UInt64, noSocket: UInt64) {
        (self.steered, self.noField, self.noSocket) = (steered, noField, noSocket)
    }
}

/// What is pinned where a steering should be, and is none that pktmeta could go by.
public struct DamagedSteering: Sendable, Hashable {
    public let path: FilePath
    /// What is wrong with it, in words.
    public let reason: String
}
