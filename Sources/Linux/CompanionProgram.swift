// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A program that is installed with this one: beside it, or in one of the system's folders.
public struct CompanionProgram: Sendable {
    public let name: String

    public init(named name: String) { self.name = name }

    /// Where it is.
    ///
    /// Beside this program counts only what belongs to root or to the owner of this program: into a folder such as /tmp
    /// anybody may put a program of that name.
    ///
    /// - Throws: `noSuchFileOrDirectory` if there is none.
    public func path() throws(Errno) -> FilePath {
        guard let path = beside, isTrusted(path) else { return try SystemProgram.path(of: name) }
        return path
    }

    /// Where it is looked for.
    public static var folders: [FilePath] {
        let own = ownFolder
        return [own].compactMap(\.self) + SystemProgram.folders.filter { $0 != own }
    }

    /// The one beside this program, if it does not count since it belongs to somebody else.
    public var ofSomebodyElse: FilePath? { beside.flatMap { isTrusted($0) ? nil : $0 } }

    private var beside: FilePath? {
        Self.ownFolder.map { $0.appending(name) }.flatMap { SystemProgram.isExecutable($0) ? $0 : nil }
    }

    private func isTrusted(_ path: FilePath) -> Bool {
        guard let owner = Self.owner(of: path) else { return false }
        return owner == 0 || owner == Self.owner(of: Self.ownLink)
    }

    /// The folder that this program lies in, by whichever link it was called; nil without /proc.
    private static var ownFolder: FilePath? {
        Folder.target(ofLink: ownLink).map { FilePath($0).removingLastComponent() }
    }

    private static let ownLink: FilePath = "/proc/self/exe"

    /// nil if that cannot be told.
    private static func owner(of path: FilePath) -> UInt32? {
        var information = stat()
        return unsafe path.withPlatformString { unsafe stat($0, &information) } == 0 ? information.st_uid : nil
    }
}
