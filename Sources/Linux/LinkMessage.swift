// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
internal import SystemPackage

/// What rtnetlink(7) tells of an interface.
struct LinkMessage {
    private let head: ifinfomsg
    private let attributes: [Int: Netlink.Body]

    /// ALTIFNAMSIZ of linux/if.h, bytes with the NUL.
    static let alternativeNameSize = 128

    /// - Parameters:
    ///   - name: a name or an alternative name; the kernel looks for either under the latter's attribute.
    init(name: [UInt8]) throws(Errno) {
        try self.init(asking: ifinfomsg(), Netlink.attribute(Int(IFLA_ALT_IFNAME), name + [0]))
    }

    /// - Parameter namespace: the number that this thread's network namespace knows another by, to ask there; takes
    ///   CAP_NET_ADMIN there.
    init(index: UInt32, in namespace: Int32? = nil) throws(Errno) {
        var head = ifinfomsg()
        head.ifi_index = CInt(index)
        let there = namespace.map { Netlink.attribute(Int(IFLA_TARGET_NETNSID), Netlink.bytes(of: $0)) } ?? []
        try self.init(asking: head, there)
    }

    private init(asking head: ifinfomsg, _ attributes: [UInt8]) throws(Errno) {
        let answer: Netlink.Body?
        do throws(Netlink.Refusal) {
            answer = try Netlink().request(RTM_GETLINK, Netlink.bytes(of: head) + attributes).first
        } catch {
            throw error.errno
        }
        guard let answer, let message = LinkMessage(answer) else { throw .ioError }
        self = message
    }

    init?(_ body: Netlink.Body) {
        guard let head = Netlink.load(ifinfomsg.self, body) else { return nil }
        self.head = head
        attributes = Netlink.attributes(body.dropFirst(MemoryLayout<ifinfomsg>.size))
    }

    static func all() throws(Errno) -> [LinkMessage] {
        do throws(Netlink.Refusal) {
            return try Netlink().dump(RTM_GETLINK, Netlink.bytes(of: ifinfomsg())).compactMap { LinkMessage($0) }
        } catch {
            throw error.errno
        }
    }

    var index: UInt32 { UInt32(head.ifi_index) }
    /// ARPHRD_* of linux/if_arp.h.
    var hardwareType: UInt16 { head.ifi_type }
    /// Whether packets begin with an Ethernet header; else with that of IP, as those of tun and of most tunnels.
    var hasEthernetHeader: Bool { [UInt16(ARPHRD_ETHER), UInt16(ARPHRD_LOOPBACK)].contains(hardwareType) }
    func has(_ flag: some BinaryInteger) -> Bool { head.ifi_flags & UInt32(flag) != 0 }

    var name: [UInt8]? { attributes[Int(IFLA_IFNAME)].map { Array($0.prefix { $0 != 0 }) } }
    var mtu: Int? { number(IFLA_MTU, as: UInt32.self).map(Int.init) }
    /// As `veth`; nil for hardware.
    var kind: String? { information[Int(IFLA_INFO_KIND)].map(Netlink.text) }
    /// What only interfaces of its kind have, by numbers of that kind (IFLA_VXLAN_* and the like of linux/if_link.h).
    var kindAttributes: [Int: Netlink.Body] { information[Int(IFLA_INFO_DATA)].map(Netlink.attributes) ?? [:] }
    private var information: [Int: Netlink.Body] { attributes[Int(IFLA_LINKINFO)].map(Netlink.attributes) ?? [:] }
    /// The interface that takes its packets, as a bridge or a bond does.
    var masterIndex: UInt32? { number(IFLA_MASTER, as: UInt32.self) }
    /// The interface that it leads to: the other end of a veth pair.
    var peerIndex: UInt32? { number(IFLA_LINK, as: UInt32.self) }
    /// Where that is, by the number that this network namespace knows it by; nil if it is here.
    var peerNamespace: Int32? { number(IFLA_LINK_NETNSID, as: Int32.self) }

    /// The ids of the XDP programs that it has, by IFLA_XDP_*_PROG_ID of linux/if_link.h.
    var xdpProgramIDs: [Int: UInt32] {
        let attributes = attributes[Int(IFLA_XDP)].map(Netlink.attributes) ?? [:]
        return attributes.compactMapValues { Netlink.load(UInt32.self, $0) }
    }

    private func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ attribute: some BinaryInteger, as _: Number.Type
    ) -> Number? {
        attributes[Int(attribute)].flatMap { Netlink.load(Number.self, $0) }
    }
}
