// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
package import SystemPackage

/// A place for a registry of this process's own, beside another, that goes with it.
package struct TemporaryRegistry: ~Copyable {
    package let path: FilePath

    /// - Parameters:
    ///   - purpose: part of its name, as in `pktmeta-demo-123`.
    ///   - other: the registry beside which it lies; nil for the default one.
    package init(for purpose: String, beside other: FilePath? = nil) {
        path = Self.parent(other).appending("\(Self.prefix(purpose))\(ProcessTag.current)")
    }

    deinit { Self.remove(path) }

    /// Removes those of processes that were killed before they could.
    ///
    /// - Parameters:
    ///   - purpose: also of those whose purpose begins so: `bench` for `bench-frames`.
    ///   - other: as they were made.
    package static func removeAbandoned(for purpose: String, beside other: FilePath? = nil) {
        let parent = parent(other)
        for name in (try? Folder.names(in: parent)) ?? [] where name.hasPrefix(prefix(purpose)) {
            if ProcessTag.isAbandoned(name) { remove(parent.appending(name)) }
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

    private static func parent(_ other: FilePath?) -> FilePath {
        (other ?? Registry.defaultPath).removingLastComponent()
    }

    private static func prefix(_ purpose: String) -> String { "pktmeta-\(purpose)-" }
}
