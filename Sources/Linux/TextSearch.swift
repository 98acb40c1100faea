// SPDX-License-Identifier: BSD-2-Clause

/// What the standard library has for these is in its module of regular expressions, which would be a tenth of the released command:
/// `make release` builds without that module.
extension StringProtocol {
    /// Whether a text is in this one, byte for byte.
    public func contains(text: some StringProtocol) -> Bool { firstIndex(ofText: text) != nil }

    /// Where a text is first found in this one, byte for byte; nil if it is not there.
    public func firstIndex(ofText text: some StringProtocol) -> Index? {
        var rest = utf8[...]
        guard let first = text.utf8.first else { return startIndex }
        while let index = rest.firstIndex(of: first) {
            rest = rest[index...]
            if rest.starts(with: text.utf8) { return index }
            rest = rest.dropFirst()
        }
        return nil
    }
}
