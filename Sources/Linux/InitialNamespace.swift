// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc

/// The inode of this process's namespace of a kind.
///
/// - Parameter kind: as a file of /proc/self/ns is called.
/// - Returns: nil if that cannot be told.
private func namespaceInode(_ kind: String) -> UInt? {
    var info = stat()
    return unsafe stat("/proc/self/ns/\(kind)", &info) == 0 ? info.st_ino : nil
}

/// The PID namespace of this process (pid_namespaces(7)): it sees the processes of that, and of those below.
public enum PIDNamespace {
    /// Whether it is the one that the system began with, in which all processes are seen. False if that cannot be told.
    public static var isInitial: Bool { inode == initial }

    /// nil if that cannot be told.
    static var inode: UInt? { namespaceInode("pid") }

    /// PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h.
    private static let initial: UInt = 0xefff_fffc
}

/// The user namespace of this process (user_namespaces(7)): its capabilities count for what that owns.
public enum UserNamespace {
    /// Whether it is the one that the system began with, which owns what bpf(2) is about. True if that cannot be told.
    public static var isInitial: Bool { namespaceInode("user").map { $0 == initial } ?? true }

    /// PROC_USER_INIT_INO of the kernel's include/linux/proc_ns.h.
    private static let initial: UInt = 0xefff_fffd
}
