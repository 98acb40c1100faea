// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A cgroup of version 2 of this process's own, below the topmost one that it can see, that goes with it. No process is in it.
public struct TemporaryCgroup: ~Copyable {
    public let path: FilePath
    public let group: ControlGroup

    /// - Parameters:
    ///   - purpose: part of its name, as in `pktmeta-trial-123`; another than of all others that this process has there.
    ///   - cgroup: one of the same file system.
    /// - Throws: `readOnlyFileSystem`, `permissionDenied` and the like if none can be made.
    public init(for purpose: String, beside cgroup: FilePath) throws(Errno) {
        let top = try Self.topmost(of: cgroup)
        let path = top.appending("\(Self.prefix(purpose))\(ProcessTag.current)")
        let isMade = unsafe path.withPlatformString { unsafe mkdir($0, 0o755) == 0 }
        guard isMade else { throw Errno.last }
        guard let group = try? ControlGroup(path: path) else {
            Self.remove(path)
            throw .ioError
        }
        self.path = path
        self.group = group
    }

    deinit { Self.remove(path) }

    /// Removes those of processes that were killed before they could.
    ///
    /// - Parameters:
    ///   - purpose: also of those whose purpose begins so: `bench` for `bench-sockets`.
    ///   - cgroup: as they were made.
    public static func removeAbandoned(for purpose: String, beside cgroup: FilePath) {
        guard let top = try? topmost(of: cgroup) else { return }
        for name in (try? Folder.names(in: top)) ?? [] where name.hasPrefix(prefix(purpose)) {
            if ProcessTag.isAbandoned(name) { remove(top.appending(name)) }
        }
    }

    private static func remove(_ path: FilePath) {
        // A process that has just ended is a while on its way out.
        for _ in 0..<100 {
            let isRemoved = unsafe path.withPlatformString { unsafe rmdir($0) == 0 }
            if isRemoved || Errno.last != .resourceBusy { return }
            Pause.sleep(milliseconds: 1)
        }
    }

    private static func prefix(_ purpose: String) -> String { "pktmeta-\(purpose)-" }

    /// The last one on the way up: the first of all, or what a cgroup namespace or a mount shows as such.
    private static func topmost(of cgroup: FilePath) throws(Errno) -> FilePath {
        guard var top = try ControlGroup(path: cgroup)?.realPath else { throw .noFunction }
        while top.components.count > 0, (try? ControlGroup(path: top.removingLastComponent())) ?? nil != nil {
            top.removeLastComponent()
        }
        return top
    }
}
