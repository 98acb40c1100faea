// SPDX-License-Identifier: BSD-2-Clause

internal import Testbed

/// A UDP packet from the testbed's sender to its receiver, 64 bytes without the frame check sequence.
enum BenchmarkPacket {
    static let bytes: [UInt8] = ethernet + ip + udp + [UInt8](repeating: 0x5a, count: payload)

    static let port: UInt16 = 4739

    private static let payload = 64 - 14 - 20 - 8
    private static let ethernet = VethTopology.receiverMACBytes + VethTopology.senderMACBytes + [0x08, 0x00]

    private static let ip: [UInt8] = {
        let length = UInt8(20 + 8 + payload)
        var header: [UInt8] = [0x45, 0, 0, length, 0, 1, 0, 0, 64, 17, 0, 0]
        header += VethTopology.senderAddressBytes + VethTopology.receiverAddressBytes
        let sum = stride(from: 0, to: header.count, by: 2).reduce(UInt32(0)) {
            $0 + UInt32(header[$1]) << 8 + UInt32(header[$1 + 1])
        }
        let checksum = ~(sum & 0xffff + sum >> 16)  // RFC 1071; no second carry comes of so few words
        (header[10], header[11]) = (UInt8(checksum >> 8 & 0xff), UInt8(checksum & 0xff))
        return header
    }()

    /// From port 40000; without a checksum, which IPv4 allows.
    private static let udp: [UInt8] = [
        0x9c, 0x40, UInt8(port >> 8), UInt8(port & 0xff), 0, UInt8(8 + payload), 0, 0,
    ]
}
