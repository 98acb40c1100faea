// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import SystemPackage

/// Whose documents may decide what a privileged process does.
struct DocumentTrust {
    /// Of the process.
    let user: UInt32

    static let ofProcess = DocumentTrust(user: ProcessID.user)

    /// Why root does not go by a file; nil if it does, and for all other users, who only do what they may do anyway.
    ///
    /// - Parameters:
    ///   - path: of the file, or of the folder in which it lies.
    ///   - isShared: whether all users may have names of their own there, as in /tmp, where the file that was opened still
    ///     cannot be replaced by others.
    func problem(_ path: FilePath, _ access: FileAccess, isShared: Bool = false) -> DocumentFault.FileProblem? {
        guard user == 0 else { return nil }
        if access.owner != 0 { return .foreign(path, access) }
        let isSticky = access.bits & 0o1000 != 0
        return access.bits & 0o022 != 0 && !(isShared && isSticky) ? .writable(path, access) : nil
    }
}
