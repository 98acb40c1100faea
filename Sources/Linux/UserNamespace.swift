// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc

/// The user namespace of this process (user_namespaces(7)): its capabilities count for what that owns.
public enum UserNamespace {
    /// PROC_USER_INIT_INO of include/linux/proc_ns.h.
    private static let initialInode: UInt = 0xefff_fffd

    /// Whether it is the one that the system began with, which owns what bpf(2) is about. True if that cannot be told.
    public static var isInitial: Bool {
        var info = stat()
        return unsafe stat("/proc/self/ns/user", &info) != 0 || info.st_ino == initialInode
    }
}
