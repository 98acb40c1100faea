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
        at path: FilePath, lockTimeout: Duration = defaultLockTimeout
    ) throws(PacketMetadataError) {
        let folder = try RegistryFolder(path: path, lockTimeout: lockTimeout)
        let summary = "cannot remove the registry \(path)"
        // Also one that was cut short while it was made; nothing that is no registry.
        guard [folder.attachments, folder.registryPin, folder.statePin].contains(where: Folder.exists) else {
            throw PacketMetadataError(.notFound, summary, reason: "there is none (ENOENT)")
        }
        try folder.locked { () throws(PacketMetadataError) in
            let store = AttachmentStore(folder)
            try store.recover()
            let attachments = try store.attachments()
            do {
                for attachment in attachments { try store.remove(attachment) }
                for pin in [folder.registryPin, folder.statePin] { try Folder.unlink(pin) }
                for path in [folder.attachments, folder.lock, folder.path] { try Folder.remove(path) }
            } catch let error as BPFError {
                throw PacketMetadataError(error, summary)
            } catch let error as Errno {
                throw PacketMetadataError(error, summary, doing: "remove its pins")
            } catch {
                throw PacketMetadataError(.system, summary, reason: "\(error)")
            }
        }
    }
}
