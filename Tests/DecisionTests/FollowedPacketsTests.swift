// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PacketMetadata

/// The packets that a trace knows.
@Suite struct FollowedPacketsTests {
    @Test func numbersAreInTheOrderOfSight() {
        var packets = FollowedPackets(limit: 3)
        #expect(packets.packet(77, at: 1).0.number == 1)
        #expect(packets.packet(55, at: 2).0.number == 2)
        let (again, isNew) = packets.packet(77, at: 9)
        #expect(again.number == 1 && again.start == 1 && !isNew)
        packets.end(77)
        #expect(packets.number(of: 77) == 1 && !packets.isFollowed(77) && packets.isFollowed(55))
        #expect(packets.packet(77, at: 10, isCopy: true).0.number == 3)
        #expect(packets.isFollowed(77) && packets.originals == 2)
    }

    @Test func thoseWhoseEndIsNotToldAreForgotten() {
        var packets = FollowedPackets(limit: 3)
        for number in 1...100 as ClosedRange<UInt64> { _ = packets.packet(number, at: number) }
        #expect((1...97).allSatisfy { packets.number(of: $0) == nil })
        #expect((98...100).allSatisfy { packets.number(of: $0) == Int($0) })
    }
}
