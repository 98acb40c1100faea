// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
public import SystemPackage

/// Where programs of the system are.
public enum SystemProgram {
    /// Those that root alone writes to, and not PATH: whoever sets that would decide what a privileged process runs.
    public static let folders: [FilePath] = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]

    /// - Parameter name: a path is taken as it is.
    /// - Throws: `noSuchFileOrDirectory` if there is no such program.
    public static func path(of name: String) throws(Errno) -> FilePath {
        if name.contains("/") { return FilePath(name) }
        for folder in folders {
            let path = folder.appending(name)
            if isExecutable(path) { return path }
        }
        throw .noSuchFileOrDirectory
    }

    static func isExecutable(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe access($0, X_OK) } == 0
    }
}
