// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

public enum MemoryPage {
    /// Bytes.
    public static let size = sysconf(CInt(_SC_PAGESIZE))
}
