// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
public import SystemPackage

/// What an interface's driver says that it can do for XDP (include/uapi/linux/netdev.h, since Linux 6.3).
public struct XDPFeatures: Sendable, Hashable {
    /// What a program may ask the driver of a packet.
    public enum Hint: String, Sendable, Hashable, CaseIterable {
        case timestamp, hash
        case vlan

        /// NETDEV_XDP_RX_METADATA_*
        fileprivate var bit: UInt64 {
            switch self {
            case .timestamp: 1
            case .hash: 2
            case .vlan: 4
            }
        }
    }

    /// NETDEV_XDP_ACT_BASIC: native programs that pass, drop and send back.
    public let hasNative: Bool
    /// NETDEV_XDP_ACT_RX_SG: packets of more than one page.
    public let takesFragments: Bool
    /// nil if the kernel does not tell (since Linux 6.7).
    public let hints: Set<Hint>?

    /// Asks about an interface of this thread's network namespace. Any process may.
    ///
    /// - Returns: nil if the kernel does not tell.
    public static func query(ifindex: UInt32) throws(Errno) -> XDPFeatures? {
        let socket = try NetlinkSocket(.generic)
        let family: UInt16
        do throws(Errno) {
            guard let found = try familyID("netdev", socket) else { return nil }
            family = found
        } catch .noSuchFileOrDirectory {
            return nil
        }
        let request =
            header(command: getDevice) + NetlinkAttributes.encoded(Attribute.ifindex, NativeBytes.encoded(ifindex))
        guard let answer = try socket.get(family, request) else { return nil }
        let attributes = NetlinkAttributes(answer.body.dropFirst(headerSize))
        guard let features = attributes.integer(Attribute.features, as: UInt64.self) else { return nil }
        let hints = attributes.integer(Attribute.hints, as: UInt64.self)
        return XDPFeatures(
            hasNative: features & basic != 0, takesFragments: features & scatterGather != 0,
            hints: hints.map { bits in Set(Hint.allCases.filter { bits & $0.bit != 0 }) })
    }

    private static let basic: UInt64 = 1
    private static let scatterGather: UInt64 = 32

    /// NETDEV_CMD_DEV_GET
    private static let getDevice: UInt8 = 1

    /// NETDEV_A_DEV_*
    private enum Attribute {
        static let ifindex = 1
        static let features = 3
        static let hints = 5
    }

    /// struct genlmsghdr of linux/genetlink.h: command, version, two reserved bytes.
    private static func header(command: UInt8) -> [UInt8] { [command, 1, 0, 0] }
    private static let headerSize = 4

    private static func familyID(_ name: String, _ socket: borrowing NetlinkSocket) throws(Errno) -> UInt16? {
        let request =
            header(command: UInt8(CTRL_CMD_GETFAMILY))
            + NetlinkAttributes.encoded(Int(CTRL_ATTR_FAMILY_NAME), Array(name.utf8) + [0])
        guard let answer = try socket.get(UInt16(GENL_ID_CTRL), request) else { return nil }
        return NetlinkAttributes(answer.body.dropFirst(headerSize)).integer(Int(CTRL_ATTR_FAMILY_ID))
    }
}
