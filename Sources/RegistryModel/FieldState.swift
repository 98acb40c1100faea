// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// Refused calls, by errno.
public struct Refusals: Hashable, Sendable {
    private let counts: [Count]

    private struct Count: Hashable, Sendable {
        let name: String
        let count: UInt64
    }

    package init(_ counts: KeyValuePairs<String, UInt64> = [:]) {
        self.counts = counts.filter { $0.value > 0 }.map { Count(name: $0.key, count: $0.value) }
    }

    /// Those that happened.
    public var nonzero: [(name: String, count: UInt64)] { counts.map { ($0.name, $0.count) } }

    public var total: UInt64 { counts.reduce(0) { $0 &+ $1.count } }
}

/// What happened to a field, on all CPUs together, since it was registered or its state began anew.
public struct FieldState: Hashable, Sendable {
    public internal(set) var set: UInt64 = 0
    public internal(set) var got: UInt64 = 0
    /// Gets of a field that the packet did not carry.
    public internal(set) var notSet: UInt64 = 0
    /// Values that the sink was given.
    public internal(set) var sunk: UInt64 = 0
    /// Values that do not fit the sink.
    public internal(set) var notSunk: UInt64 = 0
    public internal(set) var setRefused = Refusals()
    public internal(set) var getRefused = Refusals()
    /// The last value that the prebuilt consumer read; nil before the first one. Of values that came to several CPUs within one
    /// tick of the kernel's, any.
    public internal(set) var last: Observation?
    /// Values that ``range`` and ``histogram`` were taken from (``Statistics``). Integers only; else 0.
    public internal(set) var values: UInt64 = 0
    /// Integers only.
    public internal(set) var range: ClosedRange<UInt64>?
    /// Bucket k counts values that need k bits: 0, 1, 2...3, 4...7. Integers only; else empty.
    public internal(set) var histogram: [UInt64] = []

    /// A value that the prebuilt consumer read, and when.
    public struct Observation: Hashable, Sendable {
        public let value: FieldValue
        /// CLOCK_MONOTONIC, ns, in steps of the kernel's tick where it has such a clock (Linux 5.11).
        public let time: UInt64
    }

    package init(_ state: StateImage, _ field: RegisteredField) {
        let counters = state.counters(ofSlot: field.slot) - field.baseline
        set = counters[PKTMETA_COUNTER_SET]
        got = counters[PKTMETA_COUNTER_GOT]
        notSet = counters[PKTMETA_COUNTER_NOT_SET]
        sunk = counters[PKTMETA_COUNTER_SUNK]
        notSunk = counters[PKTMETA_COUNTER_NOT_SUNK]
        setRefused = Refusals([
            "EINVAL": counters[PKTMETA_COUNTER_SET_EINVAL], "EFAULT": counters[PKTMETA_COUNTER_SET_EFAULT],
            "EBUSY": counters[PKTMETA_COUNTER_SET_EBUSY],
        ])
        getRefused = Refusals([
            "EINVAL": counters[PKTMETA_COUNTER_GET_EINVAL], "EFAULT": counters[PKTMETA_COUNTER_GET_EFAULT],
        ])
        if let (bytes, time) = state.last(of: field) {
            last = Observation(value: FieldValue(type: field.type, bytes: bytes), time: time)
        }
        if field.type.isInteger { for part in state.statistics(of: field) { add(part) } }
    }

    private mutating func add(_ part: pktmeta_statistics) {
        values &+= part.values
        // A reader may come between two stores of a program.
        guard part.minimum <= part.maximum else { return }
        range = min(range?.lowerBound ?? .max, part.minimum)...max(range?.upperBound ?? 0, part.maximum)
        let counts = words(part.histogram)
        histogram = histogram.isEmpty ? counts : zip(histogram, counts).map { $0 &+ $1 }
    }
}

/// What happened to areas, on all CPUs together, since the registry was created or these counts began anew.
public struct AreaState: Hashable, Sendable {
    /// XDP programs made one.
    public let made: UInt64
    /// Programs found one.
    public let found: UInt64
    public let refused: Refusals
    /// Calls with the id of a field that is gone.
    public let stale: UInt64

    package init(_ state: StateImage, of image: RegistryImage? = nil) {
        let counters = state.areaCounters - (image?.beginnings.areaBaseline ?? .zero)
        made = counters.made
        found = counters.found
        stale = counters.stale
        func count(_ refusal: pktmeta_refusal) -> UInt64 { counters[refusal] }
        refused = Refusals([
            "ENOENT": count(PKTMETA_REFUSED_ENOENT), "EFAULT": count(PKTMETA_REFUSED_EFAULT),
            "ENOSPC": count(PKTMETA_REFUSED_ENOSPC), "EOPNOTSUPP": count(PKTMETA_REFUSED_EOPNOTSUPP),
            "EBUSY": count(PKTMETA_REFUSED_EBUSY), "other": count(PKTMETA_REFUSED_OTHER),
        ])
    }
}

/// Of which values a registry's programs take minimum, maximum and histogram: last values and counts are exact in each case.
public enum Statistics: String, Sendable, Hashable, CaseIterable {
    /// Of each.
    case all
    /// Of those of one packet in 16 of each CPU, and of the first 16 of a field there.
    case sampled
    case none

    /// As in `struct pktmeta_registry`: of one packet in so many; 0: of none.
    package var interval: UInt32 {
        switch self {
        case .all: 1
        case .sampled: 16
        case .none: 0
        }
    }

    init(interval: UInt32) { self = Self.allCases.first { $0.interval == interval } ?? .sampled }
}

/// The elements of a C array of u64, which Swift imports as a tuple.
func words(_ array: some BitwiseCopyable) -> [UInt64] {
    // Such a tuple is as many words, aligned as one, and nothing else.
    unsafe withUnsafeBytes(of: array) { unsafe Array($0.assumingMemoryBound(to: UInt64.self)) }
}
