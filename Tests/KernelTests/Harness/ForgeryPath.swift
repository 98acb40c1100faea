// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import TestSupport

/// A path on which the kernel takes bytes of a packet's sender for the packet's area.
///
/// Packets come in at the chain's far end, where the prebuilt producer makes an area of 64 bytes for each. Then something moves
/// the packet's start without the area.
enum ForgeryPath: String, CaseIterable, Sendable {
    /// SRv6 (End.DX2): the outer headers go, and TLVs of their last one lie in front of the inner frame. Read in the next
    /// network namespace.
    case segmentRouting
    /// VXLAN in IPv4 with options: time to live, protocol, checksum, addresses and options lie where the area is. Read on the
    /// tunnel's device, and behind a bridge in the next namespace.
    case tunnelWithOptions
    /// Forwarded to a device without Ethernet header: the area is 14 bytes off, in a field that the producer copies from the
    /// packet. Read as the packet leaves.
    case tunDevice

    struct Point: Sendable {
        let interface: String
        var isEgress = false
        var isInNextNamespace = false
    }

    /// Where the field is read, in the order in which packets get there.
    var points: [Point] {
        switch self {
        case .segmentRouting: [Point(interface: VethChain.end, isInNextNamespace: true)]
        case .tunnelWithOptions:
            [Point(interface: "tunnel0"), Point(interface: VethChain.end, isInNextNamespace: true)]
        case .tunDevice: [Point(interface: "tun0", isEgress: true)]
        }
    }

    /// Of the registry: what the producer copies out of packets, and the field that nobody sets, with its offset.
    var fields: [(name: String, type: String, offset: Int)] {
        switch self {
        case .segmentRouting, .tunnelWithOptions: [("copied", "u16", 12), ("tenant", "u16", 14)]
        case .tunDevice: [("tenant", "u16", 12), ("copied", "bytes:42", 14)]
        }
    }

    /// The program of Tests/Programs/forgery_sender.bpf.c.
    var sender: String {
        switch self {
        case .segmentRouting: "send_stamp"
        case .tunnelWithOptions: "send_header"
        case .tunDevice: "send_forwarded"
        }
    }

    /// Whether a packet can have this stamp where the area will be.
    func canHave(_ stamp: UInt64) -> Bool {
        guard self == .tunnelWithOptions else { return true }
        // The receiver takes no packet of which the source address begins otherwise, or the protocol is another.
        let first = UInt8(truncatingIfNeeded: stamp >> 32)
        return (1..<224).contains(first) && first != 127 && stamp >> 8 & 0xff == 17 && stamp & 0xff != 0
    }

    // MARK: The receiver

    /// Sets the path up at the chain's far end, in this thread's namespace.
    func prepare() throws {
        switch self {
        case .segmentRouting:
            for scope in ["all", "default", VethPair.far] { try Self.set("net/ipv6/conf/\(scope)/disable_ipv6", "0") }
            try VethPair.ip(
                "-6 route add fc00::2/128 encap seg6local action End.DX2 oif \(VethChain.out) dev \(VethPair.far)")
        case .tunnelWithOptions:
            for scope in ["all", "default", VethPair.far] { try Self.set("net/ipv4/conf/\(scope)/rp_filter", "0") }
            let address = Self.receiver.map(String.init).joined(separator: ".")
            try VethPair.ip("address add \(address)/32 dev \(VethPair.far)")
            try VethPair.ip("link add tunnel0 type vxlan id 7 dstport 4789 local \(address) remote 192.0.2.1")
            try VethPair.ip("link set tunnel0 up")
            try VethChain.bridge(["tunnel0", VethChain.out])
        case .tunDevice:
            try VethPair.ip("tuntap add dev tun0 mode tun")
            try VethPair.ip("address add 203.0.113.1/24 dev tun0")
            try VethPair.ip("link set tun0 up")
        }
    }

    private static func set(_ name: String, _ value: String) throws {
        let file = try FileDescriptor.open(FilePath("/proc/sys/\(name)"), .writeOnly, options: .closeOnExec)
        defer { try? file.close() }
        try file.writeAll(value.utf8)
    }

    // MARK: The packet

    /// Its bytes are bits of which fields are set: those of many slots.
    private static let receiver: [UInt8] = [172, 31, 255, 254]

    /// A frame, and where in it the stamp is that the sender writes.
    func frame(wanting value: UInt16) -> (bytes: [UInt8], stampAt: Int) {
        let wanted = [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)]
        let values = (0..<26).flatMap { _ in wanted }
        let (stamp, allSet) = ([UInt8](repeating: 0, count: 8), [UInt8](repeating: 0xff, count: 4))
        let inner: [UInt8] = [2, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 1, 0x88, 0xb5] + [UInt8](repeating: 0, count: 46)
        switch self {
        case .segmentRouting:
            let (here, there) = (
                [0xfd] + [UInt8](repeating: 0, count: 15), [0xfc] + [UInt8](repeating: 0, count: 14) + [2]
            )
            // A routing header of 96 bytes: of Ethernet, type 4, one segment, none left; a TLV as filler, with the area.
            let header: [UInt8] = [143, 11, 4, 0, 0, 0, 0, 0] + there + [250, 70, 0, 0, 0, 0, 0, 0]
            let packet = Frame.ipv6(43, from: here, to: there, header + stamp + allSet + values + inner)
            return (Frame.ethernet(0x86dd, packet), 14 + 40 + header.count)
        case .tunnelWithOptions:
            let options: [UInt8] = [0x1e, 36] + values.prefix(34)  // one option, of no known kind
            let tunnel: [UInt8] = [8, 0, 0, 0, 0, 0, 7, 0] + inner
            let datagram = [40000, 4789, UInt16(8 + tunnel.count), 0].flatMap(Frame.bytes) + tunnel
            let packet = Frame.ipv4(17, from: [0, 0, 0, 0], to: Self.receiver, options: options, datagram)
            return (Frame.ethernet(0x0800, packet), 14 + 8)
        case .tunDevice:
            let payload = stamp + allSet + values
            let datagram = [40000, 4000, UInt16(8 + payload.count), 0].flatMap(Frame.bytes) + payload
            let packet = Frame.ipv4(17, from: [192, 0, 2, 1], to: [203, 0, 113, 9], datagram)
            return (Frame.ethernet(0x0800, Frame.withChecksum(packet)), 14 + 20 + 8)
        }
    }
}

extension VethChain {
    /// Joins interfaces of this thread's namespace.
    static func bridge(_ ports: [String]) throws {
        try VethPair.ip("link add bridge0 type bridge mcast_snooping 0")  // or it sends reports of its own
        for port in ports { try VethPair.ip("link set \(port) master bridge0") }
        try VethPair.ip("link set bridge0 up")
    }
}

extension Frame {
    /// The same packet of IPv4 without options, with its header's checksum.
    static func withChecksum(_ packet: [UInt8]) -> [UInt8] {
        var sum = stride(from: 0, to: 20, by: 2).reduce(UInt32(0)) {
            $0 + UInt32(packet[$1]) << 8 + UInt32(packet[$1 + 1])
        }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        var packet = packet
        packet.replaceSubrange(10..<12, with: bytes(~UInt16(sum)))
        return packet
    }
}
