// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims

/// What this process was called with, without its name. Takes neither /proc nor a descriptor.
public enum ProcessArguments {
    /// Bytes that are no UTF-8 are spelled (``SpelledBytes``).
    public static var all: [String] { words(from: 1) }

    /// What it was called by, a name or a path; empty if whoever called it gave none.
    public static var name: String { words(from: 0).first ?? "" }

    private static func words(from first: Int) -> [String] {
        var count: CInt = 0
        // The kernel's strings, NUL-terminated, of which nothing in this process changes any.
        guard let strings = unsafe linux_arguments(&count), count > first else { return [] }
        return (first..<Int(count)).compactMap { index in
            guard let string = unsafe strings[index] else { return nil }
            return SpelledBytes.text(unsafe Array(UnsafeRawBufferPointer(start: string, count: length(string))))
        }
    }

    private static func length(_ string: UnsafePointer<CChar>) -> Int {
        var length = 0
        while unsafe string[length] != 0 { length += 1 }
        return length
    }
}
