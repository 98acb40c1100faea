// SPDX-License-Identifier: BSD-2-Clause

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

    deinit { try? Registry.remove(at: path) }

    /// Removes those of processes that were killed before they could.
    package static func removeAbandoned(for purpose: String) {
        let prefix = prefix(purpose)
        for name in (try? Folder.names(in: parent)) ?? [] where name.hasPrefix(prefix) {
            guard let pid = Int32(name.dropFirst(prefix.count)), !ProcessID.isAlive(pid) else { continue }
            try? Registry.remove(at: parent.appending(name))
        }
    }

    private static var parent: FilePath { Registry.defaultPath.removingLastComponent() }

    private static func prefix(_ purpose: String) -> String { "pktmeta-\(purpose)-" }
}
