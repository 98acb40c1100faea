// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// The open folder of a registry, and where its parts are pinned in it.
struct RegistryPins: Sendable {
    let location: RegistryFolder
    let folder: OpenFolder
    /// Whether the lock is held for all that is done with these.
    private(set) var isLocked = false

    init(_ location: RegistryFolder, _ folder: OpenFolder) {
        self.location = location
        self.folder = folder
    }

    /// The same, to be used while the lock is held.
    var whileLocked: RegistryPins {
        var pins = self
        pins.isLocked = true
        return pins
    }

    var path: FilePath { location.path }
    var waiting: LockWait { location.waiting }
    func record(_ event: RegistryChange.Event) { location.record(event) }

    var registry: FolderEntry { folder.entry.appending("registry") }
    var state: FolderEntry { folder.entry.appending("state") }
    var lock: FolderEntry { folder.entry.appending(Self.lockName) }
    var attachments: FolderEntry { folder.entry.appending(Self.attachmentsName) }
    /// Of programs that pick sockets, for applications to attach them.
    var steering: FolderEntry { folder.entry.appending(Self.steeringName) }
    /// The folder of the seal, which only the owner may enter.
    var secret: FolderEntry { folder.entry.appending(Self.secretName) }
    var seal: FolderEntry { secret.appending("seal") }
    /// Who declares what beside whom records name; there if anybody does.
    var claims: FolderEntry { secret.appending("claims") }
    /// The same, to be renamed to that.
    var nextClaims: FolderEntry { secret.appending("next-claims") }
    /// Of maps that keep what sockets have asked for, and areas for them.
    var sockets: FolderEntry { folder.entry.appending(Self.socketsName) }
    /// Counts of what sockets have asked.
    var asked: FolderEntry { folder.entry.appending(Self.askedName) }
    static let attachmentsName = "attachments"
    static let steeringName = "steering"
    static let secretName = "secret"
    static let socketsName = "sockets"
    static let askedName = "asked"
    static let lockName = "lock"
    /// Of all maps that are pktmeta's own.
    static let mapPrefix = "pktmeta_"

    var all: [FolderEntry] { [attachments, steering, sockets, secret, asked, state, registry, lock] }
    /// What is nobody's but the owner's, whoever may read the registry.
    var ownersFolders: [FolderEntry] { [attachments, secret, sockets] }

    /// All programs that are pinned for it.
    var pinnedPrograms: [ProgramInformation] {
        [attachments, steering].flatMap { PinSearch(below: $0).programs }
    }

    /// Whether no part of a registry is there.
    var isEmpty: Bool {
        get throws(Errno) {
            for entry in all where try entry.exists() { return false }
            return true
        }
    }

    func hasRegistry() throws(PacketMetadataError) -> Bool {
        do throws(Errno) {
            return try registry.exists()
        } catch {
            throw unseen(error, doing: "look for \(registry)").keeping(from: .openRegistry(path))
        }
    }

    /// That this process, which is to change the registry, cannot look at what is pinned.
    private func unseen(_ error: Errno, doing operation: String) -> PacketMetadataError {
        let refusal = KernelRefusal(error, doing: operation)
        guard refusal.kind == .missingPrivilege else { return PacketMetadataError(refusal) }
        return PacketMetadataError(RegistryRefusal.pinNotOpened(refusal, isToChange: true))
    }

    /// That a registry is there, and not as it should be.
    func damaged(_ damage: RegistryRefusal.Damage) -> PacketMetadataError {
        PacketMetadataError(RegistryRefusal.damagedRegistry(path, damage))
    }

    /// That a pin is missing: of a registry that is damaged, or because there is no registry.
    func missing(_ pin: FolderEntry) -> PacketMetadataError {
        // One whose creation was cut short has no map of fields and nothing attached: the next creation goes on.
        let isRegistry = pin == state || pin == seal ? (try? registry.exists()) == true : hasAttachments
        return isRegistry ? damaged(.missing(pin.path)) : location.missing
    }

    /// Whether something is pinned there, as far as this process may know.
    private var hasAttachments: Bool { (try? attachments.contents().isEmpty) == false }

    /// Refuses what stands where its folders should. What this process may not look at is taken for good.
    func refuseIfPartIsNoFolder() throws(PacketMetadataError) {
        for part in [lock, attachments, steering, sockets, secret] {
            switch try? part.kind() {
            case .file: throw damaged(.noFolder(part.path))
            case .link: throw damaged(.linkedFolder(part.path))
            case .folder, nil: continue
            }
        }
    }

    /// Refuses to make a registry where one has lost its map of fields: what is attached goes by that one.
    func refuseIfBereft() throws(PacketMetadataError) {
        if hasAttachments { throw missing(registry) }
    }

    // MARK: Whose it is

    /// The owner, if that is neither this process's user nor root, who can do all that others can; nil else.
    ///
    /// Of the folder, or of a part that somebody else has put there.
    var stranger: UInt32? {
        get throws(Errno) {
            var owners = [folder.access.owner]
            for entry in all where try entry.exists() { owners.append(try entry.access().owner) }
            return owners.first { $0 != 0 && $0 != ProcessID.user }
        }
    }

    /// Refuses to change a registry of somebody else: its owner decides what is loaded for it, and with whose
    /// capabilities, and may move its pins while they are worked on.
    ///
    /// Who may not change it anyway is told so by the kernel.
    ///
    /// - Throws: `missingPrivilege`, unless the owner is to be trusted.
    func refuseOthers() throws(PacketMetadataError) {
        if location.trustsOwner { return }
        let owner: UInt32?
        do throws(Errno) {
            owner = try stranger
        } catch {
            throw unseen(error, doing: "look at \(path)")
        }
        guard let owner, folder.isWritable else { return }
        throw PacketMetadataError(RegistryRefusal.foreignOwner(path, owner: UserName(owner).description))
    }
}
