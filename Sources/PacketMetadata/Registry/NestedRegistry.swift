// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

extension FolderEntry {
    /// Whether this is the folder of a registry, in whatever state: by one of its maps, of which no other tool has both
    /// the name and the pin's; or by the two folders of which other tools have not both.
    var holdsRegistry: Bool {
        for (pin, map) in [("registry", PKTMETA_REGISTRY_MAP), ("state", PKTMETA_STATE_MAP)] {
            if let found = try? BPFMap(pinnedAt: appending(pin), readOnly: true), found.name == map { return true }
        }
        return [RegistryPins.attachmentsName, RegistryPins.lockName].allSatisfy {
            (try? appending($0).kind()) == .folder
        }
    }
}

// Where a registry may not be made.

extension RegistryFolder {
    /// Refuses a place that is not a registry's own: in another registry's folder, whose commands would meet it among
    /// their own parts, or in the root of a file system, whose mode is everybody's matter.
    func refuseSharedPlace() throws(PacketMetadataError) {
        try refuseRoot()
        var ancestor = path
        while ancestor.removeLastComponent(), !ancestor.isEmpty {
            guard let folder = try? OpenFolder(ancestor, followsLinks: false) else { continue }
            guard (try? BPFFileSystem.contains(folder)) == true else { return }
            guard folder.entry.holdsRegistry else { continue }
            throw PacketMetadataError(RegistryRefusal.inOtherRegistry(path, other: ancestor))
        }
    }

    /// Refuses the root folder of a file system.
    func refuseRoot() throws(PacketMetadataError) {
        let isRoot = (try? OpenFolder(path, followsLinks: false).isMountRoot) ?? false
        guard isRoot || path == BPFFileSystem.defaultMountPoint else { return }
        throw PacketMetadataError(RegistryRefusal.mountPoint(path))
    }
}
