// SPDX-License-Identifier: BSD-2-Clause

import Glibc
import Linux
import RegistryModel
import SystemPackage

/// Sends whole frames out of an interface of this thread's network namespace (packet(7)).
public struct FrameSender: ~Copyable {
    private let fd: OwnedFD
    private let ifindex: UInt32

    public init(_ interface: String) throws {
        let index = try NetworkInterface(named: interface).index
        let raw = socket(AF_PACKET, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        fd = OwnedFD(raw)
        ifindex = index
    }

    public func send(_ frame: [UInt8]) throws {
        // struct sockaddr_ll: family, protocol, interface, and 12 bytes that do not matter here.
        let address = encode(UInt16(AF_PACKET)) + [0, 0] + encode(ifindex) + [UInt8](repeating: 0, count: 12)
        let sent = address.withUnsafeBytes { bytes in
            sendto(
                fd.raw, frame, frame.count, 0, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t(address.count))
        }
        guard sent == frame.count else { throw Errno.last }
    }
}

/// Bytes of frames between the two ends of a pair.
public enum Frame {
    private static let ethernet: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]

    public static func bytes(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }

    /// - Parameter tags: VLAN ids, the outermost first; by 802.1Q, all but the last by 802.1ad.
    public static func ethernet(_ etherType: UInt16, tags: [UInt16] = [], _ payload: [UInt8]) -> [UInt8] {
        let tagBytes = tags.enumerated().flatMap { index, id in
            bytes(index == tags.count - 1 ? 0x8100 : 0x88a8) + bytes(id)
        }
        return ethernet + tagBytes + bytes(etherType) + payload
    }

    /// - Parameters:
    ///   - fragment: the offset in 8 bytes, and whether more follow in bit 13.
    ///   - options: bytes between header and payload, a multiple of 4.
    public static func ipv4(
        _ protocol: UInt8, from source: [UInt8], to destination: [UInt8], fragment: UInt16 = 0, options: [UInt8] = [],
        _ payload: [UInt8]
    ) -> [UInt8] {
        let length = UInt16(20 + options.count + payload.count)
        let beginning: [UInt8] = [UInt8(0x45 + options.count / 4), 0] + bytes(length) + [0, 0] + bytes(fragment)
        return beginning + [64, `protocol`, 0, 0] + source + destination + options + payload
    }

    public static func ipv6(
        _ next: UInt8, from source: [UInt8], to destination: [UInt8], _ payload: [UInt8]
    ) -> [UInt8] {
        [0x60, 0, 0, 0] + bytes(UInt16(payload.count)) + [next, 64] + source + destination + payload
    }

    /// Enough of a TCP, UDP or SCTP header for those who look at ports.
    public static func ports(_ source: UInt16, _ destination: UInt16) -> [UInt8] {
        bytes(source) + bytes(destination) + [UInt8](repeating: 0, count: 36)
    }
}
