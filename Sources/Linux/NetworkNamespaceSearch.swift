// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

extension NetworkNamespace {
    /// Looks for the one in which something is so: this thread's, then those that have a name or a process.
    ///
    /// - Returns: nil if it is not among them, or this process may not enter it (CAP_SYS_ADMIN).
    public static func find(where condition: () -> Bool) -> NetworkNamespace? {
        var seen: Set<UInt64> = []
        for path in candidates() {
            guard let namespace = try? NetworkNamespace(path: path), let inode = try? namespace.inode(),
                seen.insert(inode).inserted, (try? namespace.run { () throws(Errno) in condition() }) == true
            else { continue }
            return namespace
        }
        return nil
    }

    private static func candidates() -> [FilePath] {
        let named = (try? Folder.names(in: "/run/netns")) ?? []
        let processes = ((try? Folder.names(in: "/proc")) ?? []).filter { UInt32($0) != nil }
        return ["/proc/thread-self/ns/net"] + named.map { FilePath("/run/netns").appending($0) }
            + processes.map { FilePath("/proc").appending($0).appending("ns/net") }
    }
}
