// SPDX-License-Identifier: BSD-2-Clause

/// The packets that a trace knows, by the numbers that programs gave them.
struct FollowedPackets {
    /// What is known of a packet since it was seen first.
    struct Packet {
        /// From 1 on, in the order in which packets were seen first.
        let number: Int
        /// CLOCK_MONOTONIC, ns.
        let start: UInt64
        /// What it carried where it was seen last; nil: it had no area.
        var fields: [WatchedPacket.Field]?
        /// Whose it was where that was known last.
        var flow: WatchedPacket.Flow?
        /// Behind VLAN tags, where that was known last; 0 if it never was.
        var etherType: UInt16 = 0
        fileprivate var hasEnded = false
    }

    private var packets: [UInt64: Packet] = [:]
    /// In the order in which they were seen first, with those that have ended.
    private var order: [UInt64] = []
    private var oldest = 0
    private var count = 0
    /// How many have begun that share no other's memory.
    private(set) var originals = 0

    /// Packets whose end is not told stay until so many others have come.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The packet of that number, which is a new one if it has not been seen, or its beginning was lost.
    mutating func packet(_ number: UInt64, at time: UInt64, isCopy: Bool = false) -> (Packet, isNew: Bool) {
        if let known = packets[number], !known.hasEnded { return (known, false) }
        count += 1
        if !isCopy { originals += 1 }
        let packet = Packet(number: count, start: time)
        packets[number] = packet
        order.append(number)
        forgetOldest()
        return (packet, true)
    }

    /// Keeps what a packet was like where it was seen last.
    mutating func keep(
        _ fields: [WatchedPacket.Field]?, _ flow: WatchedPacket.Flow?, etherType: UInt16, of number: UInt64
    ) {
        packets[number]?.fields = fields
        if let flow { packets[number]?.flow = flow }
        if etherType != 0 { packets[number]?.etherType = etherType }
    }

    /// Keeps only the packet's number, which copies that outlive it are told by.
    mutating func end(_ number: UInt64) {
        packets[number]?.hasEnded = true
        packets[number]?.fields = nil
    }

    /// Also of one that has ended.
    func number(of number: UInt64) -> Int? { packets[number]?.number }

    /// Whether it is on its way.
    func isFollowed(_ number: UInt64) -> Bool { packets[number]?.hasEnded == false }

    private mutating func forgetOldest() {
        while order.count - oldest > limit {
            packets[order[oldest]] = nil
            oldest += 1
        }
        guard oldest > limit else { return }
        order.removeFirst(oldest)
        oldest = 0
    }
}
