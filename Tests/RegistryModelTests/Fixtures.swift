// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage

@testable import RegistryModel

/// Random numbers that are the same in each run (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

/// One of each case, and byte arrays of each alignment.
let everyType: [FieldType] = [
    .flag, .u8, .u16, .u32, .u64, .be16, .be32, .ipv4, .ipv6, .mac,
    .bytes(1), .bytes(2), .bytes(3), .bytes(4), .bytes(8), .bytes(12), .bytes(24), .bytes(63), .bytes(64),
]

/// The error that a body throws; nil if it succeeds.
func refusal<Result>(_ body: () throws(PacketMetadataError) -> Result) -> PacketMetadataError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

func define(
    _ name: String, _ type: FieldType, source: FieldSource = .none, owner: String = ""
) throws(PacketMetadataError) -> FieldDefinition {
    try FieldDefinition(name: FieldName(name), type: type, source: source, owner: owner)
}

func live(_ bytes: Range<Int>, slot: Int = 1, epoch: UInt16 = 1, generation: UInt16 = 0) -> LayoutWord {
    LayoutWord(
        FieldID(slot: slot, epoch: epoch), generation: Generation(generation), offset: bytes.lowerBound,
        size: bytes.count)
}

func tombstone(_ bytes: Range<Int>, epoch: UInt16 = 1, generation: UInt16) -> LayoutWord {
    LayoutWord(
        goneOf: epoch, generation: Generation(generation), offset: bytes.lowerBound, size: bytes.count)
}

extension RegistryImage {
    /// A registry without fields; each slot's last epoch is 0 unless said otherwise.
    init(capacity: Int = 64, generation: UInt16 = 0, lastEpoch: UInt16 = 0) {
        self.init(
            word: RegistryWord(capacity: capacity, identity: 0x2bcd, generation: UInt32(generation)),
            revision: 1, createdAt: 1_700_000_000_000_000_000,
            slots: Self.fieldSlots.map { _ in SlotImage(lastEpoch: lastEpoch) })
    }

    /// A registry with these layout words in its slots, from slot 1 on.
    init(capacity: Int = 64, generation: UInt16 = 0, layouts: [LayoutWord]) {
        self.init(capacity: capacity, generation: generation)
        for (index, layout) in layouts.enumerated() { self[index + 1].layout = layout.moved(to: index + 1) }
    }

    @discardableResult
    mutating func register(
        _ name: String, _ type: FieldType, source: FieldSource = .none
    ) throws(PacketMetadataError) -> RegisteredField {
        let (steps, field) = try registering(define(name, type, source: source), now: 7)
        self = applying(steps)
        return field
    }

    mutating func unregister(_ field: RegisteredField) {
        self = applying(unregistering(field))
    }

    /// Each slot's word and entry, which lie apart in the map; of slot 0 what lies between words and entries.
    var slotBytes: [[UInt8]] {
        let bytes = bytes
        let head = encode(Self.word(0, of: bytes)) + bytes[8 * Self.revisionWord..<Self.entryOffset(1)]
        return [head]
            + Self.fieldSlots.map { slot in
                encode(Self.word(Self.layoutWord(slot), of: bytes))
                    + bytes[Self.entryOffset(slot)..<Self.entryOffset(slot) + Self.entrySize]
            }
    }

    init(slotBytes: [[UInt8]], path: FilePath = "/sys/fs/bpf/pktmeta") throws(PacketMetadataError) {
        let noField = encode(LayoutWord.noField.rawValue)
        let words = slotBytes[0].prefix(8) + noField + slotBytes.dropFirst().flatMap { $0.prefix(8) }
        try self.init(bytes: words + slotBytes.flatMap { $0.dropFirst(8) }, path: path)
    }

    /// The image that another process reads from the map.
    func reread() throws -> RegistryImage { try RegistryImage(bytes: bytes, path: "/sys/fs/bpf/pktmeta") }

    /// Bytes whose tombstone the generation has not passed.
    var forbiddenBytes: Set<Int> {
        Set(
            Self.fieldSlots.map { self[$0].layout }
                .filter { $0.isTombstone && word.generation.isOlder(than: $0.generation) }
                .flatMap { $0.offset..<$0.offset + $0.size })
    }
}

extension PacketMetadataError {
    /// Why a field was refused; nil if it is about something else.
    var field: FieldRefusal? { refusal as? FieldRefusal }
}

extension LayoutWord {
    /// The same of another slot, if it is live.
    func moved(to slot: Int) -> LayoutWord {
        isLive ? LayoutWord(rawValue: rawValue & ~(0xff << 32) | UInt64(slot) << 32) : self
    }
}
