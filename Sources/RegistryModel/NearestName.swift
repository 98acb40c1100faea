// SPDX-License-Identifier: BSD-2-Clause

/// Which of some names a mistyped one was most likely meant to be.
package enum NearestName {
    /// - Returns: nil unless one name is clearly nearer than all others: a few keystrokes away, or the only one that
    ///   begins like the text.
    package static func of(_ text: String, among names: some Sequence<String>) -> String? {
        let typed = Array(text.lowercased().utf8)
        let known = Set(names).subtracting([text])
        let distances = known.map { (name: $0, distance: distance(typed, Array($0.lowercased().utf8))) }
        if let least = distances.map(\.distance).min(), least <= tolerance(typed.count), least < typed.count {
            let nearest = distances.filter { $0.distance == least }
            return nearest.count == 1 ? nearest[0].name : nil
        }
        guard typed.count >= shortestBeginning else { return nil }
        let longer = known.filter { $0.lowercased().utf8.starts(with: typed) }
        return longer.count == 1 ? longer.first : nil
    }

    /// A question to put in front of what else helps; empty if no name is near.
    package static func question(_ text: String, among names: some Sequence<String>) -> String {
        of(text, among: names).map { "Did you mean \($0)? " } ?? ""
    }

    private static let shortestBeginning = 3

    /// Keystrokes that a text of so many bytes may be off.
    private static func tolerance(_ count: Int) -> Int { min(3, max(1, count / 3)) }

    /// How many letters were left out, added, mistaken or swapped with their neighbour (optimal string alignment).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...max(1, a.count) where i <= a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...max(1, b.count) where j <= b.count {
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
