// SPDX-License-Identifier: BSD-2-Clause

public import Linux
public import SystemPackage

/// A program, link or map with a name in a BPF file system.
public struct PinnedObject: Sendable, Hashable {
    public enum Object: Sendable, Hashable {
        case program(ProgramInformation)
        case link(LinkInformation)
        case map(id: UInt32, name: String)
    }

    public let path: FilePath
    public let object: Object
}

/// Looks through the BPF file systems that this process sees for pinned programs, links and maps.
///
/// Bounded: a folder may hold anything, and anyone's.
public struct PinSearch: Sendable {
    public let found: [PinnedObject]
    /// Of the names asked for.
    public let folders: [FilePath]
    /// Whether nothing was left out: for lack of permission, or because there was too much.
    public let isComplete: Bool

    public static let maximumDepth = 8
    public static let maximumNames = 200_000

    /// - Parameters:
    ///   - isFolderWanted: by its name, whether a folder is one to look for besides.
    ///   - isWanted: what to keep; a file system may hold thousands of pins.
    public init(
        foldersLike isFolderWanted: (String) -> Bool = { _ in false }, where isWanted: (PinnedObject.Object) -> Bool
    ) {
        var walk = Walk()
        do throws(Errno) {
            for mount in try MountPoint.fileSystems(ofType: "bpf") {
                let folder = try OpenFolder(mount.path, followsLinks: false)
                walk.folder(folder.entry, depth: 0, isFolderWanted, isWanted)
            }
        } catch {
            walk.isComplete = false
        }
        found = walk.found
        folders = walk.folders
        isComplete = walk.isComplete
    }

    /// Looks below one folder only.
    public init(below entry: FolderEntry, where isWanted: (PinnedObject.Object) -> Bool = { _ in true }) {
        var walk = Walk()
        walk.folder(entry, depth: 0, { _ in false }, isWanted)
        found = walk.found
        folders = []
        isComplete = walk.isComplete
    }

    /// All programs that were found.
    public var programs: [ProgramInformation] {
        found.compactMap { pin in if case .program(let program) = pin.object { program } else { nil } }
    }

    private struct Walk {
        var found: [PinnedObject] = []
        var folders: [FilePath] = []
        var isComplete = true
        private var count = 0

        mutating func folder(
            _ folder: FolderEntry, depth: Int, _ isFolderWanted: (String) -> Bool,
            _ isWanted: (PinnedObject.Object) -> Bool
        ) {
            guard depth < PinSearch.maximumDepth else {
                isComplete = false
                return
            }
            for name in names(in: folder) {
                count += 1
                guard count <= PinSearch.maximumNames else {
                    isComplete = false
                    return
                }
                let entry = folder.appending(name)
                switch kind(of: entry) {
                case .folder:
                    if isFolderWanted(name) { folders.append(entry.path) }
                    self.folder(entry, depth: depth + 1, isFolderWanted, isWanted)
                case .file: pin(entry, isWanted)
                // What a link leads to has a name of its own; iproute2 makes some.
                case .link, nil: break
                }
            }
        }

        private mutating func kind(of entry: FolderEntry) -> FolderEntry.Kind? {
            do throws(Errno) {
                return try entry.kind()
            } catch {
                isComplete = false
                return nil
            }
        }

        private mutating func names(in folder: FolderEntry) -> [String] {
            do throws(Errno) {
                return try folder.contents()
            } catch {
                // It may have gone since it was listed; and what is mounted there is a mount point of its own.
                if error != .noSuchFileOrDirectory, error != .improperLink { isComplete = false }
                return []
            }
        }

        private mutating func pin(_ entry: FolderEntry, _ isWanted: (PinnedObject.Object) -> Bool) {
            do throws(BPFError) {
                guard let object = try Self.object(at: entry), isWanted(object) else { return }
                found.append(PinnedObject(path: entry.path, object: object))
            } catch {
                // It may have gone since.
                if error.errno != .noSuchFileOrDirectory { isComplete = false }
            }
        }

        /// - Returns: nil for what is none of them.
        private static func object(at entry: FolderEntry) throws(BPFError) -> PinnedObject.Object? {
            let fd = try BPFFileSystem.open(entry)
            // What the descriptor is shows in its name only: anon_inode:bpf-prog, bpf-map, bpf_link.
            guard let path = try? fd.path, let name = Folder.target(ofLink: path) else { return nil }
            if name.hasSuffix("bpf-prog") || name.hasSuffix("bpf-prog]") {
                return .program(try ProgramInformation(fd))
            }
            if name.hasSuffix("bpf_link") || name.hasSuffix("bpf_link]") || name.hasSuffix("bpf-link") {
                return .link(try LinkInformation(fd))
            }
            if name.hasSuffix("bpf-map") || name.hasSuffix("bpf-map]") {
                let map = try BPFMap(fd)
                return .map(id: map.id, name: map.name)
            }
            return nil
        }
    }
}
