// SPDX-License-Identifier: BSD-2-Clause

public import BPF
import Foundation
public import Linux
public import SystemPackage

// Pins by their paths, where a test knows that no symbolic link is on the way.

extension BPFFileSystem {
    public static func open(_ path: FilePath, readOnly: Bool = false) throws -> OwnedFD {
        try open(FolderEntry(following: path), readOnly: readOnly)
    }
}

extension BPFMap {
    public init(pinnedAt path: FilePath, readOnly: Bool = false) throws {
        try self.init(pinnedAt: FolderEntry(following: path), readOnly: readOnly)
    }

    public func pin(at path: FilePath) throws { try pin(at: FolderEntry(following: path)) }
}

extension BPFProgram {
    public init(pinnedAt path: FilePath) throws { try self.init(pinnedAt: FolderEntry(following: path)) }
    public func pin(at path: FilePath) throws { try pin(at: FolderEntry(following: path)) }
}

extension BPFLink {
    public init(pinnedAt path: FilePath) throws { try self.init(pinnedAt: FolderEntry(following: path)) }
    public func pin(at path: FilePath) throws { try pin(at: FolderEntry(following: path)) }
}

extension Folder {
    /// Makes a folder and those above it, for its owner only.
    public static func make(_ path: FilePath) throws {
        try FileManager.default.createDirectory(
            atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
}
