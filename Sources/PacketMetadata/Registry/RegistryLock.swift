// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel
internal import SystemPackage

// The lock that each change of a registry or of its attachments holds.

extension RegistryFolder {
    func locked<Value: ~Copyable>(
        _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        let lock = try takeLock()
        let value = try body()
        _ = consume lock
        return value
    }

    private func takeLock() throws(PacketMetadataError) -> FolderLock {
        do throws(Errno) {
            return try FolderLock(lock, timeout: Registry.lockTimeout)
        } catch .wouldBlock {
            throw PacketMetadataError(
                .busy, "cannot change the registry \(path)",
                reason: "another process has held its lock for \(Registry.lockTimeout) (EAGAIN)",
                remedy: "fuser -v \(lock) shows which.")
        } catch {
            throw PacketMetadataError(
                error, "cannot change the registry \(path)", doing: "lock \(lock)", needs: [.bpf, .netAdmin])
        }
    }
}
