// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import TestSupport
import Testing

/// Where get returns a wrong value: the area is displaced, and what lies in its place passes for a header.
///
/// Magic, tag and generation tell accidents from areas in all but few cases; they do not stand against values or
/// packets made for it, nor against areas of earlier packets. Survival.md says how to keep clear of it.
@Suite(Kernel.required) struct SurvivalLimitTests {
    /// Fails on the day that nothing is wrong any more.
    private static func expectKnownToBeWrong(_ seen: SurvivalSeen) {
        #expect(seen.packets > 0)
        withKnownIssue("displaced areas can pass for areas") {
            #expect(seen.wrong == 0)
        }
    }

    private static func seen(_ bench: SurvivalBench, _ count: Int) throws -> SurvivalSeen {
        try bench.send(count)
        let arrived = try eventually { try bench.seen().packets >= count }
        #expect(arrived)
        return try bench.seen()
    }

    /// A header word of the registry's, with all fields set.
    private static func headerLike(_ image: RegistryImage) -> UInt64 {
        image.word.rawValue & 0xffff_ffff_0000_0000 | 0xffff_fffe
    }

    /// The packet's start moves up by 8 bytes, and the first value gets into the header's place.
    @Test func aValueThatLooksLikeAHeader() throws {
        try Kernel.run {
            let route = SurvivalRoute(stamp: .withOthers, change: "adjust_room_mac")
            let bench = try SurvivalBench(route, .native, amount: -8) { [Self.headerLike($0), 2, 3, 4] }
            Self.expectKnownToBeWrong(try Self.seen(bench, 20))
        }
    }

    /// TC gets the packet without its Ethernet header, so 6 bytes of one value and 2 of another are in the header's place.
    @Test func aHeaderAcrossTwoValuesInGenericMode() throws {
        try Kernel.run {
            let route = SurvivalRoute(stamp: .withOthers, frags: true)
            let bench = try SurvivalBench(route, .generic) {
                let word = Self.headerLike($0)
                return [word << 48, word >> 16, 3, 4]
            }
            let seen = try Self.seen(bench, 20)
            #expect(seen.headless == seen.packets, "this is why")
            Self.expectKnownToBeWrong(seen)
        }
    }

    /// XDP puts 64 bytes in front of some packets, TC in front of the others: no luck and no malice needed.
    ///
    /// Where TC's packets then have "their" area, earlier packets in the same memory had theirs.
    @Test func anEarlierPacketsArea() throws {
        try Kernel.run {
            let route = SurvivalRoute(stamp: .andPush, change: "change_head_of_others")
            let bench = try SurvivalBench(route, .native, amount: 64)
            Self.expectKnownToBeWrong(try Self.seen(bench, 2000))  // enough for memory to be used again
        }
    }

    /// With 32 bytes of area, the outer IP header of a VXLAN packet is in the header's place: its sender writes it.
    @Test func aTunnelHeaderMadeToLookLikeAHeader() throws {
        try Kernel.run {
            let route = SurvivalRoute(traffic: .tunnelled, reader: .tunnelIngress)
            // Every second registry's random generation will do.
            for _ in 0..<40 {
                let bench = try SurvivalBench(route, .native, capacity: 32)
                guard let packet = try ForgedTunnelPacket.make(bench.registry.image().word, bench.field) else {
                    continue
                }
                try bench.chain.pair.inSender { try RawIPSender().send(packet) }
                let arrived = try eventually { try bench.seen().packets >= 1 }
                #expect(arrived)
                return Self.expectKnownToBeWrong(try bench.seen())
            }
            Issue.record("no registry had a generation that can be forged")
        }
    }
}

/// A VXLAN packet whose outer IP header is a header word of a registry.
enum ForgedTunnelPacket {
    /// - Returns: nil if the field's generation is not one that a time to live and UDP's number stand for.
    static func make(_ word: RegistryWord, _ field: RegisteredField) -> [UInt8]? {
        let wanted = UInt16(truncatingIfNeeded: word.rawValue >> 48)  // magic and tag
        let checksum = wanted.byteSwapped
        let inner: [UInt8] = [2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 1, 8, 0] + [UInt8](repeating: 0x45, count: 64)
        let vxlan: [UInt8] = [8, 0, 0, 0, 0, 0, 7, 0]
        let udpLength = UInt16(8 + vxlan.count + inner.count)
        let udp = [40000, 4789, udpLength, 0].flatMap(big)
        let addresses: [UInt8] = [192, 0, 2, 1, 192, 0, 2, 2]
        for timeToLive in UInt16(1)...255 {
            guard !Generation(17 << 8 | timeToLive).isOlder(than: field.layout.generation) else { continue }
            let others: [UInt16] = [0x4500, 20 + udpLength, 0, timeToLive << 8 | 17, 0xc000, 0x0201, 0xc000, 0x0202]
            // One's complement: the number that completes the sum to the checksum wanted.
            var sum = (others + [checksum]).reduce(UInt32(0)) { $0 + UInt32($1) }
            while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
            let id = ~UInt16(sum)
            let fieldsSet = id.byteSwapped
            guard id != 0, fieldsSet & 1 << UInt16(field.slot) != 0 else { continue }
            let ip = [0x4500, 20 + udpLength, id, 0, timeToLive << 8 | 17, 0].flatMap(big) + addresses
            return ip + udp + vxlan + inner
        }
        return nil
    }

    private static func big(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }
}
