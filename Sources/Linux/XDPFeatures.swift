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

    /// All that it tells of, by their names in the kernel's specification (Documentation/netlink/specs/netdev.yaml, xdp-act).
    public let actions: [String]
    /// NETDEV_XDP_ACT_BASIC: native programs that pass, drop and send back.
    public let hasNative: Bool
    /// NETDEV_XDP_ACT_RX_SG: packets of more than one page.
    public let takesFragments: Bool
    /// nil if the kernel does not tell (since Linux 6.7).
    public let hints: Set<Hint>?

    public init(actions: [String], hasNative: Bool, takesFragments: Bool, hints: Set<Hint>?) {
        (self.actions, self.hasNative, self.takesFragments, self.hints) = (actions, hasNative, takesFragments, hints)
    }

    /// Asks about an interface of this thread's network namespace. Any process may.
    ///
    /// - Returns: nil if the kernel does not tell.
    public static func query(ifindex: UInt32) throws(Errno) -> XDPFeatures? {
        do throws(Netlink.Refusal) {
            let netlink = try Netlink(.generic)
            guard let family = try familyID("netdev", netlink) else { return nil }
            let asked = Netlink.attribute(Attribute.ifindex, Netlink.bytes(of: ifindex))
            guard let answer = try ask(netlink, family, getDevice, asked),
                let features = number(answer[Attribute.features], as: UInt64.self)
            else { return nil }
            let hints = number(answer[Attribute.hints], as: UInt64.self)
            let names = Self.actionNames.enumerated().filter { features & 1 << $0.offset != 0 }.map(\.element)
            return XDPFeatures(
                actions: names, hasNative: features & basic != 0, takesFragments: features & scatterGather != 0,
                hints: hints.map { bits in Set(Hint.allCases.filter { bits & $0.bit != 0 }) })
        } catch {
            throw error.errno
        }
    }

    /// By bit.
    private static let actionNames = [
        "basic", "redirect", "ndo-xmit", "xsk-zerocopy", "hw-offload", "rx-sg", "ndo-xmit-sg",
    ]
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

    private static func familyID(
        _ name: String, _ netlink: borrowing Netlink
    ) throws(Netlink.Refusal) -> UInt16? {
        let asked = Netlink.attribute(Int(CTRL_ATTR_FAMILY_NAME), Array(name.utf8) + [0])
        do throws(Netlink.Refusal) {
            let answer = try ask(netlink, UInt16(GENL_ID_CTRL), UInt8(CTRL_CMD_GETFAMILY), asked)
            return number(answer?[Int(CTRL_ATTR_FAMILY_ID)], as: UInt16.self)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    /// The attributes of a family's answer.
    private static func ask(
        _ netlink: borrowing Netlink, _ family: UInt16, _ command: UInt8, _ attributes: [UInt8]
    ) throws(Netlink.Refusal) -> [Int: Netlink.Body]? {
        let head = genlmsghdr(cmd: command, version: 1, reserved: 0)
        let answers = try netlink.request(Int(family), Netlink.bytes(of: head) + attributes)
        return answers.first.map { Netlink.attributes($0.dropFirst(MemoryLayout<genlmsghdr>.size)) }
    }

    private static func number<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ value: Netlink.Body?, as type: Integer.Type
    ) -> Integer? {
        value.flatMap { Netlink.load(type, $0) }
    }
}
