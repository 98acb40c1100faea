// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
public import SystemPackage

/// An open packet(7) socket, such as tcpdump's.
public struct PacketSocket: Sendable, Hashable {
    /// A process that has it open.
    public struct Owner: Sendable, Hashable, CustomStringConvertible {
        public let pid: Int32
        public let name: String

        public var description: String { "\(name) (pid \(pid))" }
    }

    /// The interface that it is bound to; 0 for all.
    public let ifindex: UInt32
    /// ETH_P_* of linux/if_ether.h; 3 for all.
    public let protocolNumber: UInt16
    /// Whether the kernel copies packets for it into a ring that the process has mapped (PACKET_RX_RING), as libpcap's, and so
    /// tcpdump's, sockets have it. Others get a clone, which shares the packet's buffer (net/packet/af_packet.c,
    /// `tpacket_rcv()` and `packet_rcv()`).
    public let hasRing: Bool
    /// nil if the process is another user's and this one may not look (CAP_SYS_PTRACE).
    public let owner: Owner?

    /// Whether it gets every packet, before TC does; one of a single protocol gets those behind TC.
    public var isTap: Bool { protocolNumber == 3 }

    /// Those of this thread's network namespace.
    public static func all() throws(Errno) -> [PacketSocket] {
        // /proc/net is that of the process, not of the thread.
        let lines = try WholeFile.text("/proc/thread-self/net/packet").split(separator: "\n").dropFirst()
        let rows = lines.compactMap(Row.init).filter(\.isRunning)
        if rows.isEmpty { return [] }
        let (owners, ringed) = (owners(of: Set(rows.map(\.inode))), socketsWithRing())
        return rows.map {
            PacketSocket(
                ifindex: $0.ifindex, protocolNumber: $0.protocolNumber, hasRing: ringed.contains($0.inode),
                owner: owners[$0.inode])
        }
    }

    /// By inode; none where the kernel does not tell (CONFIG_PACKET_DIAG).
    private static func socketsWithRing() -> Set<UInt64> {
        // struct packet_diag_req and packet_diag_msg of linux/packet_diag.h.
        let (byFamily, showsRings, receiveRing) = (20, UInt32(1 << 2), 2)
        let request = [UInt8(AF_PACKET), 0, 0, 0] + [0, showsRings, 0, 0].flatMap(Netlink.bytes)
        guard let bodies = try? Netlink(.sockets).dump(byFamily, request) else { return [] }
        let inodes = bodies.compactMap { body -> UInt64? in
            guard let inode = Netlink.load(UInt32.self, body.dropFirst(4)),
                Netlink.attributes(body.dropFirst(16))[receiveRing] != nil
            else { return nil }
            return UInt64(inode)
        }
        return Set(inodes)
    }

    /// A line: sk, RefCnt, Type, Proto in hexadecimal, Iface, R, Rmem, User, Inode.
    private struct Row {
        let protocolNumber: UInt16
        let ifindex: UInt32
        let isRunning: Bool
        let inode: UInt64

        init?(_ line: Substring) {
            let words = line.split(separator: " ")
            guard words.count >= 9, let number = UInt16(words[3], radix: 16), let ifindex = UInt32(words[4]),
                let inode = UInt64(words[8])
            else { return nil }
            protocolNumber = number
            self.ifindex = ifindex
            isRunning = words[5] == "1"
            self.inode = inode
        }
    }

    private static func owners(of inodes: Set<UInt64>) -> [UInt64: Owner] {
        var owners: [UInt64: Owner] = [:]
        let prefix = "socket:["
        for pid in ((try? Folder.names(in: "/proc")) ?? []).compactMap(Int32.init) {
            let process = FilePath("/proc/\(pid)")
            let descriptors = process.appending("fd")
            for name in (try? Folder.names(in: descriptors)) ?? [] {
                guard let target = Folder.target(ofLink: descriptors.appending(name)), target.hasPrefix(prefix),
                    let inode = UInt64(target.dropFirst(prefix.count).dropLast()), inodes.contains(inode)
                else { continue }
                let command = (try? WholeFile.text(process.appending("comm"))) ?? ""
                owners[inode] = Owner(pid: pid, name: String(command.prefix { $0 != "\n" }))
            }
            if owners.count == inodes.count { break }
        }
        return owners
    }
}
