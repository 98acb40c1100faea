// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
package import SystemPackage

/// A place for a registry of this process's own, beside the default one, that goes with it.
package struct TemporaryRegistry: ~Copyable {
    package let path: FilePath

    /// - Parameter purpose: part of its name, as in `pktmeta-demo-123`.
    package init(for purpose: String) {
        path = Self.parent.appending("\(Self.prefix(purpose))\(ProcessID.current)")
    }

    deinit { Self.remove(path) }

    /// Removes those of processes that were killed before they could.
    ///
    /// - Parameter purpose: also of those whose purpose begins so: `bench` for `bench-frames`.
    package static func removeAbandoned(for purpose: String) {
        for name in (try? Folder.names(in: parent)) ?? [] where name.hasPrefix(prefix(purpose)) {
            guard let pid = name.split(separator: "-").last.flatMap({ Int32($0) }), !ProcessID.isAlive(pid) else {
                continue
            }
            remove(parent.appending(name))
        }
    }

    /// Also what is no registry, but pins in a folder of that name. What somebody else has put there stays.
    private static func remove(_ path: FilePath) {
        _ = try? Registry.remove(at: path)
        guard let folder = try? OpenFolder(path, followsLinks: false, trust: .oneself),
            folder.trusts(folder.access), (try? BPFFileSystem.contains(folder)) == true
        else { return }
        for name in (try? folder.entry.contents()) ?? [] { try? folder.entry.appending(name).unlink() }
        try? folder.remove()
    }

    private static var parent: FilePath { Registry.defaultPath.removingLastComponent() }

    private static func prefix(_ purpose: String) -> String { "pktmeta-\(purpose)-" }
}
