// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite("Seals and stamps")
struct SealTests {
    static let seal = Seal(number: 0x1234_5678_9abc_def0)

    static func word(_ changes: UInt32) -> RegistryWord {
        RegistryWord(capacity: 64, identity: 7, generation: changes)
    }

    @Test func stampsCountUp() {
        #expect(Self.seal.stamp(of: Generation(0), Self.word(0)) == 0x9abc_def0_0000)
        #expect(Self.seal.stamp(of: Generation(41), Self.word(41)) == 0x9abc_def0_0029)
        #expect(Self.seal.stamp(of: Generation(40), Self.word(41)) == 0x9abc_def0_0028)
        #expect(Self.seal.stamp(of: Generation(42), Self.word(41)) == 0x9abc_def0_002a, "the pending one")
    }

    /// One subtraction tells the age across the wrap of a generation, since it carries into the seal.
    @Test(arguments: [UInt32(0xffff), 0x1_0000, 0x1_0001, 0x7_ffff, 0x8_0000, .max])
    func aWrapCarriesIntoTheSeal(changes: UInt32) {
        let word = Self.word(changes)
        let now = Self.seal.stamp(of: word.generation, word)
        #expect(now == Self.seal.stamp + UInt64(changes))
        #expect(UInt16(truncatingIfNeeded: now) == word.generation.number, "the lower half is the generation")
        for age in [0, 1, 2, 100, 0x7fff] {
            let stamp = Self.seal.stamp(of: word.generation.advanced(by: -age), word)
            #expect(now &- stamp == UInt64(age))
        }
        #expect(Self.seal.stamp(of: word.generation.next, word) &- now == 1)
    }

    /// Memory of all zeroes or ones is no area of any registry, however often its layout changes.
    @Test func drawnSealsAreApartFromWhatMemoryHasAnyway() {
        let lowest = UInt64(Seal.halves.lowerBound) << 16
        let highest = UInt64(Seal.halves.upperBound - 1) << 16 + UInt64(UInt32.max)
        #expect(lowest > 0x8000 && highest < 1 << 48 - 0x8000)
        var random = SplitMix64(seed: 3)
        let drawn = (0..<1000).map { _ in Seal(using: &random) }
        #expect(Set(drawn).count == 1000)
        let all = drawn.reduce(UInt64(0)) { $0 | $1.number }
        let common = drawn.reduce(UInt64.max) { $0 & $1.number }
        #expect(all == .max && common == 0, "all of the 64 bits are drawn")
        #expect(drawn.allSatisfy { $0.stamp >> 48 == 0 && $0.stamp & 0xffff == 0 })
    }

    @Test func theMapKeepsIt() {
        #expect(Self.seal.bytes == [0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12])
        #expect(Seal(bytes: Self.seal.bytes) == Self.seal)
        #expect(Seal(bytes: [UInt8](repeating: 0, count: 8)) == nil, "nobody has stored one")
        #expect(Seal(bytes: [0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12]) == nil)
        #expect(Seal(bytes: [0xf0, 0xde, 0xbc, 0x9a, 0xff, 0xff, 0xff, 0xff]) == nil)
    }

    /// What a bound program is loaded with.
    @Test(arguments: [UInt32(500), 0xffff, 0x1_0000, .max])
    func bindingsHaveTheStampsOfTheirRange(changes: UInt32) throws {
        var image = RegistryImage(capacity: 64)
        image.word = Self.word(changes)
        let field = try image.register("old", .u32)
        image.unregister(try image.register("gone", .u32))
        let now = Self.seal.stamp(of: image.word.generation, image.word)
        let binding = image.binding([field.name], isRenewed: true)
        #expect(binding.oldestStamp(Self.seal) == now - 1 && binding.span == 1)
        #expect(binding.newStamp(Self.seal) == now)
        #expect(image.binding([field.name]).newStamp(Self.seal) == 0, "it asks the registry")
        image.word = image.word.announced()
        #expect(image.binding([field.name]).span == 2)
        #expect(image.binding([]).oldestStamp(Self.seal) == now)
    }
}

extension SealTests {
    /// The verifier writes a program's constants into its log.
    @Test func nothingThatTellsTheSealIsShown() {
        let (seal, stamp, header) = (Self.seal, Self.seal.stamp, UInt64(Self.seal.header))
        var telling = [stamp, stamp + 41, header, header - 1, header + 1]
        // Differences and sums, with each other and in 48 bits.
        telling += [1 << 48 - stamp, header + stamp, stamp - header, 1 << 48 - stamp + header]
        // Halves, and what is left of them by masks and shifts.
        telling += [stamp >> 16, (stamp >> 32) << 32, stamp & 0xffff_ffff, header << 32, header & 0xffff_0000]
        telling += telling.map { 0 &- $0 } + [0xffff << 48 | stamp >> 16]
        for number in telling { #expect(seal.mayBeTold(by: number), "\(String(number, radix: 16))") }
        for quarter: UInt64 in [0x1234, 0x5678, 0x9abc, 0xdef0] {
            for number in [quarter - 1, quarter, quarter + 1, 0 &- quarter] { #expect(seal.mayBeTold(by: number)) }
        }
    }

    /// What a log is read for: offsets, sizes, numbers of instructions, and bounds of types.
    @Test func theRestIsShown() {
        let small: [UInt64] = [0, 1, 14, 64, 248, 4000, 8192, 23_040, 65_535]
        let powers: [UInt64] = [16, 31, 32, 48, 63].map { 1 << $0 }
        let bounds = powers + powers.flatMap { [$0 - 1, $0 + 1, 0 &- $0] } + [.max]
        for number in small + bounds { #expect(!Self.seal.mayBeTold(by: number), "\(number)") }
    }
}
