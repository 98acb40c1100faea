// SPDX-License-Identifier: BSD-2-Clause

/// What the reader has seen: `struct seen` in Tests/Programs/survival_tc.bpf.c.
struct SurvivalSeen: Equatable {
    let packets, opened, right, wrong, fault, noEntry, other, merged, metadata, headless, wrongValue, stamped: UInt64

    init(_ bytes: [UInt8]) {
        let words = Self.words(bytes)
        (packets, opened, right) = (words[0], words[1], words[2])
        (wrong, fault, noEntry) = (words[3], words[4], words[5])
        (other, merged, metadata) = (words[6], words[7], words[8])
        (headless, wrongValue, stamped) = (words[9], words[10], words[11])
    }

    static func words(_ bytes: [UInt8]) -> [UInt64] {
        stride(from: 0, to: bytes.count, by: 8).map { at in
            (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) }
        }
    }

    /// What that is for all packets; nil for an errno that no row has, and for a mixture that has no word.
    var outcome: SurvivalOutcome? {
        let all = packets
        if all == 0 { return .noPacket }
        if other > 0 { return nil }
        if wrong == all, opened == all { return .wrong }
        if right == all, opened == all { return .value }
        if noEntry == all, opened == all { return .new }
        if fault == all, opened == 0, metadata == 0 { return SurvivalOutcome.none }
        if fault == all, opened == 0, metadata == all { return .displaced }
        if right + fault == all, opened == right, metadata == right { return .valueOrNone }
        return nil
    }
}

extension SurvivalOutcome {
    /// Whether a row that says this is right where that was found.
    func includes(_ found: SurvivalOutcome?) -> Bool {
        found == self || self == .valueOrNone && (found == .value || found == SurvivalOutcome.none)
    }
}
