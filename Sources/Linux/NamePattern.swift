// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

/// Names as the shell matches them: `eth*`, `ens?s0`, `en[ps]*` (fnmatch(3)).
public enum NamePattern {
    /// Whether a text means more than the name that it is.
    public static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    public static func matches(_ name: String, _ pattern: String) -> Bool {
        // fnmatch(3) reads two C strings and keeps neither.
        unsafe fnmatch(pattern, name, 0) == 0
    }
}
