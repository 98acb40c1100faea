// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel
internal import SystemPackage

// The lock that each change of a registry or of its attachments holds.

extension RegistryPins {
    /// Does something under the lock, and records if that is half done: as part of more, if the lock is held.
    func locked<Value: ~Copyable>(
        _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        if isLocked { return try body() }
        let lock = try doing(.changeRegistry(path)) { () throws(PacketMetadataError) in
            try refuseIfPartIsNoFolder()
            return try takeLock()
        }
        do throws(PacketMetadataError) {
            let value = try body()
            _ = consume lock
            return value
        } catch {
            if error.kind == .unfinished { record(.unfinished(error)) }
            throw error
        }
    }

    private func takeLock() throws(PacketMetadataError) -> FolderLock {
        do throws(Errno) {
            return try FolderLock(lock, timeout: waiting.timeout, patience: LockWait.patience) {
                waiting.notice("waiting for the registry \(path): \(holder)")
            }
        } catch .wouldBlock {
            throw PacketMetadataError(
                RegistryRefusal.registryLocked(
                    path, by: FolderLock.holder(of: lock)?.description, waited: waiting.timeout))
        } catch .noSuchFileOrDirectory {
            throw replaced
        } catch {
            throw PacketMetadataError(error, doing: "lock \(lock)", needs: [.bpf, .netAdmin])
        }
    }

    /// For when the folder that was opened is no more.
    var replaced: PacketMetadataError { PacketMetadataError(RegistryRefusal.registryReplaced(path)) }

    private var holder: String {
        guard let holder = FolderLock.holder(of: lock) else {
            return "one that cannot be seen from here, of another pid namespace or just gone, has its lock"
        }
        return "\(holder) has its lock"
    }
}

extension Registry {
    /// Does several changes with none of others between them.
    func lockedThroughout<Value>(
        _ body: (borrowing Registry) throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        try pins.locked { () throws(PacketMetadataError) in
            try refuseIfReplaced()
            return try body(Registry.open(pins.whileLocked, for: .write))
        }
    }
}
