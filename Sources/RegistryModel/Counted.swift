// SPDX-License-Identifier: BSD-2-Clause

extension BinaryInteger {
    /// So many things, in words: "1 field", "2 fields".
    ///
    /// - Parameter noun: what one is called.
    package func of(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
