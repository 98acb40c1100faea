// SPDX-License-Identifier: BSD-2-Clause

package import PktmetaABI

/// What each CPU has counted, as the one value of the state map holds it (`struct pktmeta_state`), read at one time.
package struct StateImage: Sendable {
    private let cpus: [CPU]

    /// Bytes of one CPU's value.
    package static let size = MemoryLayout<pktmeta_state>.size

    /// - Parameters:
    ///   - perCPU: one value a possible CPU.
    ///   - knownResets: what ``knownResets(ofCPU:)`` says of each at a time before; nil: of these.
    package init(perCPU: [[UInt8]], knownResets: [UInt64]? = nil) {
        cpus = perCPU.enumerated().map { index, bytes in
            precondition(bytes.count == Self.size)
            return CPU(bytes: bytes, knownResets: knownResets?[index] ?? Self.knownResets(ofCPU: bytes))
        }
    }

    /// The registry's resets that a CPU's consumer knew of when its value was read, and had forgotten for what began with
    /// them. While it forgets, a value that is read may have some of before that is behind the number, so who wants more
    /// than counters reads the numbers first, and the values then.
    package static func knownResets(ofCPU bytes: [UInt8]) -> UInt64 {
        decode(Array(bytes[Offsets.lastTime..<Offsets.lastTime + CPU.word]), as: UInt64.self)
    }

    /// A slot's counters of all CPUs together, whichever fields were in it.
    package func counters(ofSlot slot: Int) -> FieldCounters {
        cpus.reduce(.zero) { $0 + $1.counters(ofSlot: slot) }
    }

    /// The newest of a field's last values; of those that came in one tick of the kernel's, any. nil if there was none.
    func last(of field: RegisteredField) -> (value: [UInt8], time: UInt64)? {
        let times = cpus.map {
            $0.knows(field) && $0.lastID(ofSlot: field.slot) == field.id.rawValue ? $0.lastTime(ofSlot: field.slot) : 0
        }
        guard let newest = times.max(), newest > 0, let cpu = times.firstIndex(of: newest) else { return nil }
        return (cpus[cpu].lastValue(ofSlot: field.slot, size: field.type.size), newest)
    }

    /// What CPUs say of how a field's values are spread; those that have not had one say nothing.
    func statistics(of field: RegisteredField) -> [pktmeta_statistics] {
        cpus.filter { $0.knows(field) }.map { $0.statistics(ofSlot: field.slot) }
            .filter { $0.id == field.id.rawValue && $0.values > 0 }
    }

    /// What is counted of areas.
    var areaCounters: AreaCounters { AreaCounters((0..<AreaCounters.count).map { sum($0 * CPU.word) }) }

    private func sum(_ offset: Int) -> UInt64 { cpus.reduce(0) { $0 &+ $1.word(at: offset) } }

    /// Counters that programs reach by a field's name, as count.bpf.h and bound.bpf.h call them.
    package static let countersByName: [(name: String, counter: pktmeta_counter)] = [
        ("set", PKTMETA_COUNTER_SET), ("got", PKTMETA_COUNTER_GOT), ("not_set", PKTMETA_COUNTER_NOT_SET),
        ("set_EINVAL", PKTMETA_COUNTER_SET_EINVAL), ("set_EFAULT", PKTMETA_COUNTER_SET_EFAULT),
        ("set_EBUSY", PKTMETA_COUNTER_SET_EBUSY), ("get_EINVAL", PKTMETA_COUNTER_GET_EINVAL),
        ("get_EFAULT", PKTMETA_COUNTER_GET_EFAULT),
    ]

    /// Bytes from the start of one CPU's value to a slot's counter.
    package static func offset(of counter: pktmeta_counter, slot: Int) -> Int {
        Offsets.counts + (Int(counter.rawValue) * RegistryImage.slotCount + slot) * CPU.word
    }

    /// Bytes from the start of one CPU's value.
    private enum Offsets {
        static let lastSeen = memberOffset(\pktmeta_state.last_seen)
        static let carried = memberOffset(\pktmeta_state.carried)
        static let counts = memberOffset(\pktmeta_state.counts)
        static let lastTime = memberOffset(\pktmeta_state.last_time)
        static let lastID = memberOffset(\pktmeta_state.last_id)
        static let lastWord = memberOffset(\pktmeta_state.last_word)
        static let lastBytes = memberOffset(\pktmeta_state.last_bytes)
        static let statistics = memberOffset(\pktmeta_state.statistics)
    }

    private struct CPU: Sendable {
        let bytes: [UInt8]
        let knownResets: UInt64
        static let word = MemoryLayout<UInt64>.size

        /// Whether last value and statistics are of after the field's state began anew.
        func knows(_ field: RegisteredField) -> Bool {
            // Serial numbers, as consumer.bpf.c compares them.
            Int32(bitPattern: field.began &- UInt32(truncatingIfNeeded: knownResets)) <= 0
        }

        func word(at offset: Int) -> UInt64 {
            var word: UInt64 = 0
            unsafe withUnsafeMutableBytes(of: &word) { unsafe $0.copyBytes(from: bytes[offset..<offset + Self.word]) }
            return word
        }

        func counters(ofSlot slot: Int) -> FieldCounters {
            FieldCounters(
                (0..<FieldCounters.count).map {
                    word(at: StateImage.offset(of: pktmeta_counter(UInt32($0)), slot: slot))
                })
        }

        /// CLOCK_MONOTONIC, ns; 0: never. Of fields that the last packet carried it is kept once for all.
        func lastTime(ofSlot slot: Int) -> UInt64 {
            let carried = UInt32(truncatingIfNeeded: word(at: Offsets.carried))
            if carried >> UInt32(slot) & 1 != 0 { return word(at: Offsets.lastSeen) }
            return word(at: Offsets.lastTime + slot * Self.word)
        }

        func lastID(ofSlot slot: Int) -> UInt32 {
            UInt32(
                truncatingIfNeeded: word(at: Offsets.lastID + slot / 2 * Self.word) >> (slot.isMultiple(of: 2) ? 0 : 32)
            )
        }

        func lastValue(ofSlot slot: Int, size: Int) -> [UInt8] {
            let start =
                size <= Self.word
                ? Offsets.lastWord + slot * Self.word : Offsets.lastBytes + slot * Int(PKTMETA_VALUE_MAX)
            return Array(bytes[start..<start + size])
        }

        func statistics(ofSlot slot: Int) -> pktmeta_statistics {
            let start = Offsets.statistics + slot * MemoryLayout<pktmeta_statistics>.stride
            return decode(Array(bytes[start...]), as: pktmeta_statistics.self)
        }
    }
}

/// What was counted of a field, or of whatever was in its slot (`enum pktmeta_counter`).
package struct FieldCounters: Hashable, Sendable {
    private let words: [UInt64]

    static let count = Int(PKTMETA_COUNTERS.rawValue)
    package static let zero = FieldCounters([UInt64](repeating: 0, count: count))

    /// - Parameter words: in the order of the enum.
    package init(_ words: [UInt64]) {
        precondition(words.count == Self.count)
        self.words = words
    }

    subscript(counter: pktmeta_counter) -> UInt64 { words[Int(counter.rawValue)] }

    static func + (a: Self, b: Self) -> Self { Self(zip(a.words, b.words).map { $0 &+ $1 }) }
    static func - (a: Self, b: Self) -> Self { Self(zip(a.words, b.words).map { $0 &- $1 }) }

    /// As an entry of the registry has it.
    var bytes: [UInt8] { words.flatMap { encode($0) } }
}

/// What was counted of areas: the first words of `struct pktmeta_state`.
package struct AreaCounters: Hashable, Sendable {
    private let words: [UInt64]

    static let count = Int(PKTMETA_AREA_COUNTERS)
    static let zero = AreaCounters([UInt64](repeating: 0, count: count))

    init(_ words: [UInt64]) {
        precondition(words.count == Self.count)
        self.words = words
    }

    var made: UInt64 { words[0] }
    var found: UInt64 { words[1] }
    var stale: UInt64 { words[Self.count - 1] }
    subscript(refusal: pktmeta_refusal) -> UInt64 { words[2 + Int(refusal.rawValue)] }

    static func - (a: Self, b: Self) -> Self { Self(zip(a.words, b.words).map { $0 &- $1 }) }

    var bytes: [UInt8] { words.flatMap { encode($0) } }
}
