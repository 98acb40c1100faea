// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import TestSupport

/// A path on which the kernel takes bytes of a packet's sender for the end of the packet's area.
///
/// Packets come in at the chain's far end, where the prebuilt producer makes an area of 64 bytes for each. Then something moves
/// the packet's start without the area. Out of VXLAN and other tunnels too, but there the sender has no say in the trailer's eight
/// bytes: lengths and flags lie there, which the receiver compares.
enum ForgeryPath: String, CaseIterable, Sendable {
    /// SRv6 (End.DX2): the outer headers go, and TLVs of their last one lie in front of the inner frame. Read in the next
    /// network namespace.
    case segmentRouting
    /// Forwarded to a device without Ethernet header: the area is 14 bytes off, so it ends with that header, in which the stamp's
    /// bytes are the source address. The header, and values, are in a field that the producer copies from the packet. Read as
    /// the packet leaves.
    case tunDevice

    struct Point: Sendable {
        let interface: String
        var isEgress = false
        var isInNextNamespace = false
    }

    /// Where the field is read.
    var point: Point {
        switch self {
        case .segmentRouting: Point(interface: VethChain.end, isInNextNamespace: true)
        case .tunDevice: Point(interface: "tun0", isEgress: true)
        }
    }

    /// Of the registry: what the producer copies out of packets, and the field that nobody sets, with its offset.
    var fields: [(name: String, type: String, offset: Int)] {
        switch self {
        case .segmentRouting: [("copied", "u16", 8), ("tenant", "u16", 10)]
        case .tunDevice: [("tenant", "u16", 8), ("copied", "bytes:42", 10)]
        }
    }

    /// The program of Tests/Programs/forgery_sender.bpf.c.
    var sender: String {
        switch self {
        case .segmentRouting: "send_seal"
        case .tunDevice: "send_forwarded"
        }
    }

    // MARK: The receiver

    /// Sets the path up at the chain's far end, in this thread's namespace.
    func prepare() throws {
        switch self {
        case .segmentRouting:
            try Self.set("net/ipv6/conf/\(VethPair.far)/disable_ipv6", "0")
            try VethPair.ip(
                "-6 route add fc00::2/128 encap seg6local action End.DX2 oif \(VethChain.out) dev \(VethPair.far)")
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

    /// A frame, and where in it header and stamp are, the seal of which the sender writes.
    func frame(wanting value: UInt16) -> (bytes: [UInt8], headerAt: Int, stampAt: Int) {
        let wanted = [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)]
        let values = (0..<24).flatMap { _ in wanted }
        let areaHeader: [UInt8] = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]
        let trailer = [UInt8](repeating: 0, count: 8)
        let inner: [UInt8] = [2, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 1, 0x88, 0xb5] + [UInt8](repeating: 0, count: 46)
        switch self {
        case .segmentRouting:
            let (here, there) = (
                [0xfd] + [UInt8](repeating: 0, count: 15), [0xfc] + [UInt8](repeating: 0, count: 14) + [2]
            )
            // A routing header of 96 bytes: of Ethernet, type 4, one segment, none left; a TLV as filler, with the area.
            let header: [UInt8] = [143, 11, 4, 0, 0, 0, 0, 0] + there + [250, 70, 0, 0, 0, 0, 0, 0]
            let packet = Frame.ipv6(43, from: here, to: there, header + areaHeader + values + trailer + inner)
            let area = 14 + 40 + header.count
            return (Frame.ethernet(0x86dd, packet), area, area + areaHeader.count + values.count)
        case .tunDevice:
            // The producer copies from byte 42 on, to byte 10 of the area: byte 14 is where an area will be said to be.
            let payload = [UInt8](repeating: 0, count: 4) + areaHeader + values
            let datagram = [40000, 4000, UInt16(8 + payload.count), 0].flatMap(Frame.bytes) + payload
            let packet = Frame.withChecksum(Frame.ipv4(17, from: [192, 0, 2, 1], to: [203, 0, 113, 9], datagram))
            return (Frame.ethernet(0x0800, packet), 42 + 4, 6)
        }
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
