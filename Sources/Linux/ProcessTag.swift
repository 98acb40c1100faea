// SPDX-License-Identifier: BSD-2-Clause

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
    private static let namespace = PIDNamespace.isInitial ? nil : PIDNamespace.inode
}
