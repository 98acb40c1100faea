// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// A registry's count of layout changes, in serial-number arithmetic (RFC 1982).
public struct Generation: Hashable, Sendable, CustomStringConvertible {
    public let number: UInt16

    public init(_ number: UInt16) { self.number = number }

    public var next: Generation { Generation(number &+ 1) }

    /// Right while the two are less than 2^15 apart.
    public func isOlder(than other: Generation) -> Bool {
        pktmeta_generation_is_older(number, other.number) != 0
    }

    /// How many changes ago this was, seen from a later one.
    public func lag(behind later: Generation) -> UInt16 { later.number &- number }

    /// How many changes later this is, seen from another: negative if it is older (RFC 1982).
    func distance(from other: Generation) -> Int { Int(Int16(bitPattern: number &- other.number)) }

    public func advanced(by count: Int) -> Generation { Generation(number &+ UInt16(truncatingIfNeeded: count)) }

    public var description: String { String(number) }
}

/// What an application holds to name a field to `pktmeta_set()` and `pktmeta_get()`: opaque, never 0.
public struct FieldID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    init(slot: Int, epoch: UInt16) { rawValue = pktmeta_id(UInt8(slot), epoch) }

    var slot: Int { Int(pktmeta_id_slot(rawValue)) }
    var epoch: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 8) }
    /// Whether a field can have it.
    var isPossible: Bool { RegistryImage.fieldSlots.contains(slot) && self == FieldID(slot: slot, epoch: epoch) }

    /// - Throws: `usage` if no field can have it.
    package func checkPossible() throws(PacketMetadataError) {
        if !isPossible { throw PacketMetadataError(FieldRefusal.impossibleID(self)) }
    }

    /// Reads one as it is printed, or in decimal digits; nil if it is no number of 32 bits.
    public init?(_ text: String) {
        let isHexadecimal = text.hasPrefix("0x")
        guard let number = UInt32(isHexadecimal ? text.dropFirst(2) : text[...], radix: isHexadecimal ? 16 : 10) else {
            return nil
        }
        rawValue = number
    }

    /// `0x01002a03`
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}

/// The word of slots 1 to 31: all that programs check as a packet passes.
public struct LayoutWord: Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Of a live field.
    public init(_ id: FieldID, generation: Generation, offset: Int, size: Int) {
        rawValue = pktmeta_layout_word(id.rawValue, generation.number, UInt16(offset), UInt8(size))
    }

    /// What is left of a field that is gone, which no id matches.
    public init(goneOf epoch: UInt16, generation: Generation, offset: Int, size: Int) {
        let id = pktmeta_id(0, epoch) & UInt32(PKTMETA_EPOCH_MASK)
        rawValue = pktmeta_layout_word(id, generation.number, UInt16(offset), UInt8(size))
    }

    public var isLive: Bool { pktmeta_layout_live(rawValue) == PKTMETA_LIVE }
    /// Of a live field.
    var id: FieldID { FieldID(rawValue: UInt32(truncatingIfNeeded: rawValue >> 32)) }
    /// A field was here and is gone; its bytes may still be in packets.
    public var isTombstone: Bool { pktmeta_layout_live(rawValue) == 0 && rawValue != 0 }
    /// Neither live, nor a tombstone, nor never used: someone wrote here who should not have.
    var isDamaged: Bool { !isLive && (pktmeta_layout_live(rawValue) != 0 || slot != 0) }
    /// Of slot 0: what no id matches.
    static let noField = LayoutWord(rawValue: pktmeta_no_field())
    public var epoch: UInt16 { pktmeta_layout_epoch(rawValue) }
    /// 0 unless it is live.
    public var slot: Int { Int(pktmeta_layout_slot(rawValue)) }
    /// The first generation of packets that have the field here; of a tombstone, the first that do not.
    public var generation: Generation { Generation(pktmeta_layout_generation(rawValue)) }
    /// Bytes from the start of the area.
    public var offset: Int { Int(pktmeta_layout_offset(rawValue)) }
    /// Bytes.
    public var size: Int { Int(pktmeta_layout_size(rawValue)) }

    /// The same from another generation on.
    func with(generation: Generation) -> LayoutWord {
        LayoutWord(id, generation: generation, offset: offset, size: size)
    }

    /// Its tombstone.
    func gone(generation: Generation) -> LayoutWord {
        LayoutWord(goneOf: epoch, generation: generation, offset: offset, size: size)
    }
}

/// The registry's own word.
public struct RegistryWord: Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameters:
    ///   - capacity: bytes of a packet's area, its header and trailer included.
    ///   - identity: 15 bits.
    ///   - generation: how often the layout has changed.
    ///   - isPending: whether a change is about to bring the next generation.
    init(capacity: Int, identity: UInt16, generation: UInt32, isPending: Bool = false) {
        rawValue = pktmeta_registry_word(UInt8(capacity), identity, isPending ? 1 : 0, generation)
    }

    /// Tells the maps of registries apart: a random number of 15 bits, and no secret.
    public var identity: UInt16 { pktmeta_word_identity(rawValue) }
    /// How often the layout has changed, of which ``generation`` is the lower half.
    var changes: UInt32 { pktmeta_word_generation(rawValue) }
    public var generation: Generation { Generation(UInt16(truncatingIfNeeded: changes)) }
    /// The generation that a layout change is about to bring; else the current one.
    public var pending: Generation { isPending ? generation.next : generation }
    var isPending: Bool { pktmeta_word_pending(rawValue) != 0 }
    /// Bytes of a packet's area, its header and trailer included.
    public var capacity: Int { Int(pktmeta_word_capacity(rawValue)) }
    /// Which registry it is of: all but the generation.
    package var registry: UInt32 { pktmeta_word_registry(rawValue) }
    /// nil if this is no registry at all.
    public var abiVersion: Int? {
        let magic = pktmeta_word_magic(rawValue)
        return magic & 0xf0 == UInt8(PKTMETA_MAGIC) & 0xf0 ? Int(magic & 0x0f) : nil
    }

    /// Whether fields and attachments of a registry of this ABI can be told: they have been recorded alike since ABI 1.
    package var isReadable: Bool { abiVersion.map { (1...Self.abiVersion).contains($0) } ?? false }

    public static let abiVersion = Int(PKTMETA_ABI_VERSION)
    /// Bytes at the area's start: a half of the seal, and which fields are set.
    public static let headerSize = Int(PKTMETA_HEADER_SIZE)
    /// Bytes at the area's end: the stamp, and some that the kernel writes to.
    public static let trailerSize = Int(PKTMETA_TRAILER_SIZE)
    /// Bytes for values in an area of that capacity.
    public static func space(of capacity: Int) -> Int { max(0, capacity - headerSize - trailerSize) }
    /// Bytes for values in a packet's area.
    public var space: Int { Self.space(of: capacity) }
    /// Where they lie, in bytes from the start of the area.
    public var valueRange: Range<Int> { Self.headerSize..<Self.headerSize + space }
    /// All that programs can make (abi.h): bytes, the smallest first.
    public static let capacities: [Int] = {
        var capacities: [Int] = []
        while case let bytes = pktmeta_capacity(UInt32(capacities.count)), bytes > 0 { capacities.append(Int(bytes)) }
        return capacities
    }()
    /// The capacities for people: "32, 64, or 128 to 248 in steps of 8".
    public static let capacitiesText =
        "\(capacities[0]), \(capacities[1]), or \(capacities[2]) to \(capacities.last ?? 0) in steps of "
        + "\(capacities[3] - capacities[2])"

    /// The same while a change is about to bring the next generation.
    func announced() -> RegistryWord { with(changes: changes, isPending: true) }

    /// The same while no change is under way.
    func settled() -> RegistryWord { with(changes: changes, isPending: false) }

    /// The same in the next generation.
    func advanced() -> RegistryWord { with(changes: changes &+ 1, isPending: false) }

    /// The same for areas of another size.
    func resized(to capacity: Int) -> RegistryWord {
        RegistryWord(capacity: capacity, identity: identity, generation: changes, isPending: isPending)
    }

    private func with(changes: UInt32, isPending: Bool) -> RegistryWord {
        RegistryWord(capacity: capacity, identity: identity, generation: changes, isPending: isPending)
    }
}
