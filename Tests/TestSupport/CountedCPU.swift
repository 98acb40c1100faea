// SPDX-License-Identifier: BSD-2-Clause

public import PktmetaABI

/// One CPU's value of a state map, read or made up.
public struct CountedCPU: Sendable {
    public private(set) var bytes: [UInt8]

    public init() { self.init(bytes: [UInt8](repeating: 0, count: MemoryLayout<pktmeta_state>.size)) }

    public init(bytes: [UInt8]) { self.bytes = bytes }

    private static let word = 8

    public subscript(member: PartialKeyPath<pktmeta_state> & Sendable) -> UInt64 {
        get { word(at: Self.offset(of: member)) }
        set { store(newValue, at: Self.offset(of: member)) }
    }

    public subscript(counter: pktmeta_counter, slot: Int) -> UInt64 {
        get { word(at: Self.offset(of: counter, slot)) }
        set { store(newValue, at: Self.offset(of: counter, slot)) }
    }

    public subscript(refusal: pktmeta_refusal) -> UInt64 {
        get { word(at: Self.offset(of: \.refused) + Int(refusal.rawValue) * Self.word) }
        set { store(newValue, at: Self.offset(of: \.refused) + Int(refusal.rawValue) * Self.word) }
    }

    /// Fields that the last packet carried, one bit a slot.
    public mutating func setCarried(_ slots: Set<Int>) {
        let bits = slots.reduce(UInt32(0)) { $0 | 1 << UInt32($1) }
        store(UInt64(bits), at: Self.offset(of: \.carried))
    }

    /// - Parameter id: whose it is.
    public mutating func setLast(_ value: [UInt8], slot: Int, id: UInt32, time: UInt64) {
        let place32 = Self.offset(of: \.last_id) + slot * 4
        for index in 0..<4 { bytes[place32 + index] = UInt8(truncatingIfNeeded: id >> UInt32(8 * index)) }
        let place =
            value.count <= Self.word
            ? Self.offset(of: \.last_word) + slot * Self.word
            : Self.offset(of: \.last_bytes) + slot * Int(PKTMETA_VALUE_MAX)
        bytes.replaceSubrange(place..<place + value.count, with: value)
        store(time, at: Self.offset(of: \.last_time) + slot * Self.word)
    }

    public mutating func setStatistics(
        slot: Int, id: UInt32, values: UInt64, _ range: ClosedRange<UInt64>, histogram: [Int: UInt64] = [:]
    ) {
        let start = Self.offset(of: \.statistics) + slot * MemoryLayout<pktmeta_statistics>.stride
        let words = [UInt64(id), values, range.lowerBound, range.upperBound]
        for (index, word) in words.enumerated() { store(word, at: start + index * Self.word) }
        for (bucket, count) in histogram { store(count, at: start + (words.count + bucket) * Self.word) }
    }

    private static func offset(of member: PartialKeyPath<pktmeta_state>) -> Int {
        guard let offset = MemoryLayout<pktmeta_state>.offset(of: member) else { fatalError("no member of a C struct") }
        return offset
    }

    private static func offset(of counter: pktmeta_counter, _ slot: Int) -> Int {
        offset(of: \.counts) + (Int(counter.rawValue) * Int(PKTMETA_SLOTS) + slot) * word
    }

    private func word(at offset: Int) -> UInt64 {
        (0..<Self.word).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    private mutating func store(_ word: UInt64, at offset: Int) {
        for index in 0..<Self.word { bytes[offset + index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * index)) }
    }
}
