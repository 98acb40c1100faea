// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc

/// Whether this process's namespace of a kind is the one that the system began with.
///
/// - Parameters:
///   - kind: as a file of /proc/self/ns is called.
///   - inode: that the kernel gives the first one of the kind (include/linux/proc_ns.h).
/// - Returns: nil if that cannot be told.
private func isInitialNamespace(_ kind: String, _ inode: UInt) -> Bool? {
    var info = stat()
    return unsafe stat("/proc/self/ns/\(kind)", &info) == 0 ? info.st_ino == inode : nil
}

/// The PID namespace of this process (pid_namespaces(7)): it sees the processes of that, and of those below.
public enum PIDNamespace {
    /// Whether it is the one that the system began with, in which all processes are seen. False if that cannot be told.
    public static var isInitial: Bool { isInitialNamespace("pid", 0xefff_fffc) ?? false }  // PROC_PID_INIT_INO
}

/// The user namespace of this process (user_namespaces(7)): its capabilities count for what that owns.
public enum UserNamespace {
    /// Whether it is the one that the system began with, which owns what bpf(2) is about. True if that cannot be told.
    public static var isInitial: Bool { isInitialNamespace("user", 0xefff_fffd) ?? true }  // PROC_USER_INIT_INO
}
