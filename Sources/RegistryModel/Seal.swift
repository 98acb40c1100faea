// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// What tells a registry's areas from bytes that somebody else has put in front of a packet: the stamp of generation 0
/// (abi.h). Known to the registry's owner and to the programs that the owner loads.
public struct Seal: Hashable, Sendable {
    /// The stamp of generation 0.
    package let stamp: UInt64

    package init(stamp: UInt64) { self.stamp = stamp }

    /// A new one: 48 random bits above those of a generation.
    package init(using random: inout some RandomNumberGenerator) {
        stamp = .random(in: Self.tags, using: &random) << Self.generationBits
    }

    /// The upper 48 bits. All zeroes and all ones are what memory is likely to be anyway: no seal is that near to them that a
    /// generation of its registry could get there.
    static let tags: Range<UInt64> = {
        let most = UInt64(UInt32.max) >> generationBits + 1
        return most..<(1 << tagBits) - most
    }()

    /// In place of a seal, for what is compared and never loaded.
    package static let nobodys = Seal(stamp: 0)

    static let generationBits: UInt64 = 16
    static let tagBits: UInt64 = 48

    /// The stamp of areas of a generation, at most 2^15 before or after that of the registry's word.
    package func stamp(of generation: Generation, _ word: RegistryWord) -> UInt64 {
        let distance = Int64(generation.distance(from: word.generation))
        return stamp &+ UInt64(word.changes) &+ UInt64(bitPattern: distance)
    }

    /// Whether a number tells the seal, or a half of it: a stamp of some generation, or what comes of taking one off.
    package func isTold(by number: UInt64) -> Bool {
        let reach = UInt64(UInt32.max) + 1 << Self.generationBits
        if number &- stamp &+ 1 << Self.generationBits <= reach { return true }
        if 0 &- number &- stamp &+ 1 << Self.generationBits <= reach { return true }
        guard let half = UInt32(exactly: number) else { return false }
        let (upper, lower) = (UInt32(stamp >> 32), UInt32(truncatingIfNeeded: stamp))
        return half == upper || half &- lower <= UInt32(UInt16.max)
    }

    // MARK: struct pktmeta_secret

    /// Bytes.
    package static let size = MemoryLayout<pktmeta_secret>.size

    /// The value of the map that keeps it.
    package var bytes: [UInt8] { encode(pktmeta_secret(seal: stamp)) }

    /// - Returns: nil if no seal can be that one.
    package init?(bytes: [UInt8]) {
        let secret = decode(bytes, as: pktmeta_secret.self)
        guard secret.seal != 0, secret.seal % (1 << Self.generationBits) == 0 else { return nil }
        stamp = secret.seal
    }
}
