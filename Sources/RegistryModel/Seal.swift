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
    package var header: UInt32 { UInt32(number >> 32) }
    /// The half that is in the stamp.
    private var tag: UInt32 { UInt32(truncatingIfNeeded: number) }
    /// The stamp of generation 0.
    package var stamp: UInt64 { UInt64(tag) << Self.generationBits }

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

    /// Whether a number tells a half of the seal, or a part of that: a stamp of some generation, or what comes of taking one off.
    package func isTold(by number: UInt64) -> Bool {
        let reach = UInt64(UInt32.max) + 1 << Self.generationBits
        for number in [number, 0 &- number] {
            if number &- stamp &+ 1 << Self.generationBits <= reach { return true }
            if number == UInt64(tag) || number == stamp >> 32 { return true }
        }
        // Of 32 bits, and also as a negative number of 64.
        guard
            let half = UInt32(exactly: number)
                ?? Int32(exactly: Int64(bitPattern: number)).map(UInt32.init(bitPattern:))
        else { return false }
        // Comparisons tell what the header's half is not, too: a number one less or one more.
        if half &- header &+ 1 <= 2 { return true }
        return half &- UInt32(truncatingIfNeeded: stamp) <= UInt32(UInt16.max)
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
