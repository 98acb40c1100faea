// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc

/// The limit on how large this process may make a file (RLIMIT_FSIZE of getrlimit(2)).
public enum FileSizeLimit {
    /// Has a write beyond the limit fail (EFBIG) instead of ending the process (SIGXFSZ), from now on.
    public static func makeError() { linux_ignore(SIGXFSZ) }
}
