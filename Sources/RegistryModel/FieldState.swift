// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// Refused calls, by errno.
public struct Refusals: Hashable, Sendable {
    /// In the order of `enum pktmeta_refusal`.
    public static let names = ["ENOENT", "EINVAL", "EFAULT", "ENOSPC", "EOPNOTSUPP", "EBUSY", "other"]

    private var counts: [UInt64]

    init(_ counts: [UInt64]) {
        precondition(counts.count == Self.names.count)
        self.counts = counts
    }

    static func + (a: Refusals, b: Refusals) -> Refusals { Refusals(zip(a.counts, b.counts).map { $0 &+ $1 }) }

    /// Those that happened.
    public var nonzero: [(name: String, count: UInt64)] {
        zip(Self.names, counts).filter { $1 > 0 }.map { ($0, $1) }
    }

    public var total: UInt64 { counts.reduce(0, &+) }
}

/// What happened to a field, on all CPUs together, since it was registered.
public struct FieldState: Hashable, Sendable {
    public var set: UInt64 = 0
    public var got: UInt64 = 0
    /// Gets of a field that the packet did not carry.
    public var notSet: UInt64 = 0
    /// Values that the sink was given.
    public var sunk: UInt64 = 0
    /// Values that do not fit the sink.
    public var notSunk: UInt64 = 0
    public var setRefused = Refusals([UInt64](repeating: 0, count: Refusals.names.count))
    public var getRefused = Refusals([UInt64](repeating: 0, count: Refusals.names.count))
    /// Values that the rest was taken from.
    public var values: UInt64 = 0
    /// nil before the first one.
    public var last: Observation?
    /// Integers only.
    public var range: ClosedRange<UInt64>?
    /// Bucket k counts values that need k bits: 0, 1, 2...3, 4...7. Integers only; else empty.
    public var histogram: [UInt64] = []

    /// A value that a program read, and when.
    public struct Observation: Hashable, Sendable {
        public let value: FieldValue
        /// CLOCK_MONOTONIC, ns.
        public let time: UInt64
    }

    /// Bytes of one CPU's value in the state map.
    package static let size = MemoryLayout<pktmeta_state>.size

    /// The state map's value for a field that was just registered.
    package static func fresh(id: FieldID) -> [UInt8] {
        var state = pktmeta_state()
        state.id = id.rawValue
        return encode(state)
    }

    /// Adds up what each CPU counted.
    package init(perCPU: [[UInt8]], field: RegisteredField) {
        for bytes in perCPU {
            let state = decode(bytes, as: pktmeta_state.self)
            if state.id == field.id.rawValue { add(state, field.type) }
        }
    }

    private mutating func add(_ state: pktmeta_state, _ type: FieldType) {
        set &+= state.set
        got &+= state.got
        notSet &+= state.not_set
        sunk &+= state.sunk
        notSunk &+= state.not_sunk
        setRefused = setRefused + Refusals(words(state.set_refused))
        getRefused = getRefused + Refusals(words(state.get_refused))
        guard state.values > 0 else { return }
        values &+= state.values
        if state.last_time >= last?.time ?? 0 {
            let bytes = Array(encode(state.last_value).prefix(type.size))
            last = Observation(value: FieldValue(type: type, bytes: bytes), time: state.last_time)
        }
        guard type.isInteger, state.minimum <= state.maximum else { return }
        range = min(range?.lowerBound ?? .max, state.minimum)...max(range?.upperBound ?? 0, state.maximum)
        let counts = words(state.histogram)
        histogram = histogram.isEmpty ? counts : zip(histogram, counts).map { $0 &+ $1 }
    }
}

/// What happened to areas, on all CPUs together, since the registry was created.
public struct AreaState: Hashable, Sendable {
    /// XDP programs made one.
    public var made: UInt64 = 0
    /// Programs found one.
    public var found: UInt64 = 0
    public var refused = Refusals([UInt64](repeating: 0, count: Refusals.names.count))
    /// Calls with the id of a field that is gone.
    public var stale: UInt64 = 0

    package init(perCPU: [[UInt8]]) {
        for state in perCPU.map({ decode($0, as: pktmeta_area_state.self) }) {
            made &+= state.made
            found &+= state.found
            refused = refused + Refusals(words(state.refused))
            stale &+= state.stale
        }
    }
}

/// The elements of a C array of u64, which Swift imports as a tuple.
private func words(_ array: some BitwiseCopyable) -> [UInt64] {
    // Such a tuple is as many words, aligned as one, and nothing else.
    unsafe withUnsafeBytes(of: array) { unsafe Array($0.assumingMemoryBound(to: UInt64.self)) }
}
