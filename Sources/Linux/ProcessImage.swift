// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
public import SystemPackage

/// The program that this process runs.
public enum ProcessImage {
    /// Has this process run another program (execve(2)). What waits for the process, its signals, descriptors and
    /// environment are the other program's then.
    ///
    /// - Returns: why it could not; there is nothing to return to if it could.
    public static func replace(by program: FilePath, _ arguments: [String]) -> Errno {
        _ = unsafe withCStrings([program.string] + arguments) { unsafe execve(program.string, $0, environ) }
        return Errno.last
    }
}
