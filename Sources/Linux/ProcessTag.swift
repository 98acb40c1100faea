// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc

/// The end of names of what a process makes for itself, by which others see that the process is gone: its id, and outside of the
/// first PID namespace that namespace's too, since an id of another namespace says nothing (pid_namespaces(7)).
public enum ProcessTag {
    /// `123`, or `ns4026532345-123`.
    public static var current: String { tag(ProcessID.current) }

    /// Whether a name ends so, with the tag of a process of this namespace that is no more.
    public static func isAbandoned(_ name: String) -> Bool {
        let parts = name.split(separator: "-")
        guard let pid = parts.last.flatMap({ Int32($0) }), name.hasSuffix("-\(tag(pid))") else { return false }
        let isOfAnother = namespace == nil && (parts.dropLast().last?.hasPrefix("ns") ?? false)
        return !isOfAnother && !ProcessID.isAlive(pid)
    }

    private static func tag(_ pid: Int32) -> String { namespace.map { "ns\($0)-\(pid)" } ?? "\(pid)" }

    /// Its inode; nil of the first one.
    private static let namespace: UInt64? = {
        var information = stat()
        guard unsafe stat("/proc/self/ns/pid", &information) == 0 else { return nil }
        return information.st_ino == first ? nil : UInt64(information.st_ino)
    }()

    /// PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h.
    private static let first = 0xEFFF_FFFC
}
