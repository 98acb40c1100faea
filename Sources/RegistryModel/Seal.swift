// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// What tells a registry's areas from bytes that somebody else has put in front of a packet (abi.h). Known to the registry's
/// owner and to the programs that the owner loads.
public struct Seal: Hashable, Sendable {
    package let number: UInt64

    package init(number: UInt64) { self.number = number }

    package init(header: UInt32, tag: UInt32) { number = UInt64(header) << 32 | UInt64(tag) }

    /// A new one: 64 random bits.
    package init(using random: inout some RandomNumberGenerator) {
        self.init(header: .random(in: Self.halves, using: &random), tag: .random(in: Self.halves, using: &random))
    }

    /// The half that an area's header has.
    package var header: UInt32 { pktmeta_seal_header(number) }
    /// The half that is in the stamp.
    private var tag: UInt32 { UInt32(truncatingIfNeeded: number) }
    /// The stamp of generation 0.
    package var stamp: UInt64 { pktmeta_seal_stamp(number) }

    /// What a half can be. All zeroes and all ones are what memory is likely to be anyway: no half is that near to them that a
    /// generation of its registry, of 32 bits, could get there.
    static let halves: Range<UInt32> = {
        let most = UInt32.max >> generationBits + 1
        return most..<UInt32.max - most
    }()

    /// In place of a seal, for what is compared and never loaded.
    package static let nobodys = Seal(number: 0)

    static let generationBits: UInt64 = 16

    /// The stamp of areas of a generation, at most 2^15 before or after that of the registry's word.
    package func stamp(of generation: Generation, _ word: RegistryWord) -> UInt64 {
        let distance = Int64(generation.distance(from: word.generation))
        return stamp &+ UInt64(word.changes) &+ UInt64(bitPattern: distance)
    }

    /// Whether a number in a verifier's log may tell of the seal.
    ///
    /// The verifier computes with the program's constants, and writes what it knows of the results: sums, differences, and bounds of
    /// either in 32 and 64 bits. So nothing large is shown but powers of two and their neighbours, which are bounds of types; and of
    /// what is small, not what is a quarter of the seal.
    package func mayBeTold(by number: UInt64) -> Bool {
        let magnitude = min(number, 0 &- number)
        if magnitude > UInt64(UInt16.max) { return !Self.isRound(magnitude) }
        return (0..<4).contains { quarter in
            let part = Int(self.number >> (16 * UInt64(quarter)) & 0xffff)
            return abs(Int(magnitude) - part) <= 1
        }
    }

    /// Whether it is a power of two, or one less or more.
    private static func isRound(_ number: UInt64) -> Bool {
        [number, number &+ 1, number &- 1].contains { $0 & ($0 &- 1) == 0 }
    }

    /// What tells it from another that a program may have been loaded with; never 0.
    package var digest: UInt32 {
        // The finalizer of splitmix64: each bit of the one changes half of those of the other.
        var bits = (number ^ number >> 30) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
        return max(1, UInt32(truncatingIfNeeded: (bits ^ bits >> 31) >> 32))
    }

    // MARK: struct pktmeta_secret

    /// Bytes.
    package static let size = MemoryLayout<pktmeta_secret>.size

    /// The value of the map that keeps it.
    package var bytes: [UInt8] { encode(pktmeta_secret(seal: number)) }

    /// - Returns: nil if no seal can be that one.
    package init?(bytes: [UInt8]) {
        let secret = decode(bytes, as: pktmeta_secret.self)
        self.init(number: secret.seal)
        guard Self.halves.contains(header), Self.halves.contains(tag) else { return nil }
    }
}
