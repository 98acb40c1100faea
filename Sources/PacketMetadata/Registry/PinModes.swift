// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

extension PinAccess {
    /// What a pin is to have, whose owner stays.
    fileprivate func wanted(of entry: FolderEntry) throws(Errno) -> FileAccess {
        var access = try entry.access()
        access.bits = bits
        access.group = group ?? access.group
        return access
    }
}

extension RegistryPins {
    /// Whether the registry's maps that others may read, and its folder, have that access.
    func has(_ access: PinAccess) throws(Errno) -> Bool {
        for pin in [state, registry] where try pin.exists() {
            if try pin.access() != access.wanted(of: pin) { return false }
        }
        var wanted = try access.wanted(of: folder.entry).ofFolder
        if try hasPassage { wanted.bits |= Self.passage }
        return try folder.entry.access() == wanted
    }

    /// Gives the registry's maps that others may read and its folder that access. What is not there yet is left out. Under the lock.
    ///
    /// - Returns: whether one of them had another.
    @discardableResult
    func apply(_ access: PinAccess) throws(PacketMetadataError) -> Bool {
        var isBegun = false
        do throws(Errno) {
            try closeFolders()
            for pin in [asked, state, registry] where try pin.exists() {
                let wanted = try access.wanted(of: pin)
                if try pin.access() == wanted { continue }
                try wanted.apply(to: pin)
                isBegun = true
            }
            var wanted = try access.wanted(of: folder.entry).ofFolder
            if try hasPassage { wanted.bits |= Self.passage }
            if try folder.entry.access() == wanted { return isBegun }
            try wanted.apply(to: folder.entry)
            return true
        } catch {
            let error = PacketMetadataError(
                RegistryRefusal.accessNotSet(KernelRefusal(error, doing: "change its pins")))
            let action = Action.setAccess(path)
            throw isBegun ? error.unfinished(action, .setAccess(path)) : error.keeping(from: action)
        }
    }

    // MARK: The way to what is shared with groups

    /// To pass a folder without reading it: whoever knows a name below gets at what is open to them.
    private static let passage: UInt32 = 0o001

    private var hasPassage: Bool {
        get throws(Errno) {
            guard try steering.exists() else { return false }
            return try steering.access().bits & Self.passage != 0
        }
    }

    /// Lets everybody pass to what is pinned for steerings and has a mode of its own. Under the lock.
    func openPassage() throws(Errno) {
        for entry in [steering, folder.entry] { try setPassage(entry) { $0 | Self.passage } }
    }

    /// Lets nobody pass any more but those who may read the registry. Under the lock.
    func closePassage() throws(Errno) {
        let isForAll = try folder.entry.access().bits & 0o004 != 0
        if !isForAll { try setPassage(folder.entry) { $0 & ~Self.passage } }
        try setPassage(steering) { $0 & ~Self.passage }
    }

    private func setPassage(_ entry: FolderEntry, _ change: (UInt32) -> UInt32) throws(Errno) {
        var access = try entry.access()
        let bits = change(access.bits)
        if access.bits == bits { return }
        access.bits = bits
        try access.apply(to: entry)
    }

    /// Whether anyone but the owner may open what is the owner's alone.
    var hasOpenFolders: Bool { get throws(Errno) { try !openFolders().isEmpty } }

    private func openFolders() throws(Errno) -> [FolderEntry] {
        var open: [FolderEntry] = []
        for folder in ownersFolders where try folder.exists() {
            if try !folder.access().isOwnersAlone { open.append(folder) }
        }
        return open
    }

    /// Closes what is the owner's alone to all others. Under the lock.
    ///
    /// - Returns: whether any of it was open.
    @discardableResult
    func closeFolders() throws(Errno) -> Bool {
        let open = try openFolders()
        for folder in open { try close(folder) }
        return !open.isEmpty
    }

    /// The folder last: while it is open, it is known that some of what it holds may be.
    private func close(_ entry: FolderEntry) throws(Errno) {
        let isFolder = try entry.kind() == .folder
        if isFolder { for name in try entry.contents() { try close(entry.appending(name)) } }
        var access = try entry.access()
        access.bits = isFolder ? 0o700 : 0o600
        try access.apply(to: entry)
    }

    /// Gives new pins of an attachment, and the folders that they are in, the registry's owner, and nobody else access.
    ///
    /// To be called where pins have been made below the attachments, before they get their final name.
    func giveOwner(_ entry: FolderEntry) throws(BPFError) {
        do throws(Errno) {
            var access = try registry.access()
            // That is how pins and folders are made.
            if access.isOfProcess { return }
            access.bits = 0o600
            try access.apply(toAllIn: entry)
        } catch {
            throw BPFError("give \(entry) the registry's owner", error)
        }
    }
}

extension Registry {
    /// Whether others than the owner may open, and so run, what is pinned for attachments, or learn the seal; ``repair()``
    /// closes it.
    public var hasOpenPins: Bool { (try? pins.hasOpenFolders) ?? false }
}

extension RegistryFolder {
    /// The first folder on the way to the registry that those whom it is open to cannot pass, and for whom chmod opens it.
    func closedAncestor(_ access: PinAccess) -> (path: String, letter: Character)? {
        guard access.bits & 0o044 != 0 else { return nil }
        var ancestor = path
        while ancestor.removeLastComponent() {
            guard let has = try? FileAccess(of: ancestor) else { continue }
            let isOpenToGroup = has.bits & 0o010 != 0 && access.group == has.group
            guard has.bits & 0o001 == 0, !isOpenToGroup || access.bits & 0o004 != 0 else { continue }
            // To the folder, members of another group than its own are others.
            let isOfGroup = access.bits & 0o004 == 0 && access.group == has.group
            return (ancestor.string, isOfGroup ? "g" : "o")
        }
        return nil
    }
}
