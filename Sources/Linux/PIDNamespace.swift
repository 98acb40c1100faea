// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc

/// The PID namespace of this process (pid_namespaces(7)): it sees the processes of that, and of those below.
public enum PIDNamespace {
    /// PROC_PID_INIT_INO of include/linux/proc_ns.h.
    private static let initialInode: UInt = 0xefff_fffc

    /// Whether it is the one that the system began with, in which all processes are seen. False if that cannot be told.
    public static var isInitial: Bool {
        var info = stat()
        return unsafe stat("/proc/self/ns/pid", &info) == 0 && info.st_ino == initialInode
    }
}
