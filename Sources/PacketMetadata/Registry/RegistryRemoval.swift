// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

extension Registry {
    /// Detaches all programs of a registry and removes its pins. What packets still carry is nobody's then.
    ///
    /// - Throws: `notFound` if the folder does not exist; `missingPrivilege`.
    public static func remove(
        at path: FilePath, waiting: LockWait = LockWait()
    ) throws(PacketMetadataError) {
        let folder = try RegistryFolder(path: path, waiting: waiting)
        let summary = "cannot remove the registry \(path)"
        guard folder.isRegistry else { throw folder.missing(summary) }
        try refuseIfOtherABI(path)
        try folder.locked { () throws(PacketMetadataError) in
            let store = AttachmentStore(folder)
            try store.recover()
            let attachments = try store.attachments()
            do {
                for attachment in attachments { try store.remove(attachment) }
                for pin in [folder.registryPin, folder.statePin] { try Folder.unlink(pin) }
                for path in [folder.attachments, folder.lock] { try Folder.remove(path) }
                try removeUnlessGiven(folder.path)
            } catch let error as BPFError {
                throw PacketMetadataError(error, summary)
            } catch let error as Errno {
                throw PacketMetadataError(error, summary, doing: "remove its pins")
            } catch {
                throw PacketMetadataError(.system, summary, reason: "\(error)")
            }
        }
    }

    /// A folder that an administrator has given someone for a registry is not that one's to remove, nor a mount point.
    private static func removeUnlessGiven(_ path: FilePath) throws(Errno) {
        do throws(Errno) {
            try Folder.remove(path)
        } catch {
            guard [Errno.permissionDenied, .notPermitted, .resourceBusy].contains(error) else { throw error }
        }
    }
}

extension Registry {
    /// A damaged registry can be removed; one of another version is that version's.
    private static func refuseIfOtherABI(_ path: FilePath) throws(PacketMetadataError) {
        do throws(PacketMetadataError) {
            _ = try open(at: path, for: .read)
        } catch {
            if error.kind == .incompatibleABI { throw error }
        }
    }
}

extension RegistryFolder {
    /// Also one that was cut short while it was made or removed, down to an empty folder; nothing that is no registry.
    fileprivate var isRegistry: Bool {
        if [attachments, registryPin, statePin, lock].contains(where: Folder.exists) { return true }
        return (try? BPFFileSystem.contains(path)) == true && (try? Folder.names(in: path)) == []
    }
}
