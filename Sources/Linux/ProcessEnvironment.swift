// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

/// The variables that this process was started with.
public enum ProcessEnvironment {
    /// nil if it is not set.
    public static subscript(name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
