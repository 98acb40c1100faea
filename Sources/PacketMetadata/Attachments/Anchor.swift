// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// What holds the first program of an attachment at its hook.
enum Anchor: Sendable {
    /// Pinned there.
    case link(FilePath)

    /// The program at the hook; nil if the interface is gone, or somebody has let go of it.
    func programID() throws(BPFError) -> UInt32? {
        switch self {
        case .link(let path):
            guard let link = try information(path), link.ifindex != 0 else { return nil }
            return link.programID
        }
    }

    /// - Throws: EPERM or EINVAL if another program is attached by now.
    func update(to program: borrowing BPFProgram, replacing attached: borrowing BPFProgram) throws(BPFError) {
        switch self {
        case .link(let path):
            try BPFLink(pinnedAt: path).update(to: program, replacing: attached)
        }
    }

    private func information(_ path: FilePath) throws(BPFError) -> BPFLink.Information? {
        do throws(BPFError) {
            return try BPFLink(pinnedAt: path).information
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    /// Detaches what a folder holds, if anything.
    static func letGo(_ folders: Attachment.Folders) throws(BPFError) {
        // A link whose last pin goes is let go of only after a grace period: the hook would be taken a while longer. If
        // this fails, unlinking does it.
        do { try BPFLink(pinnedAt: folders.link).detach() } catch {}
        do throws(Errno) {
            try Folder.unlink(folders.link)
        } catch {
            throw BPFError("unlink \(folders.link)", error)
        }
    }
}

extension Attachment {
    var anchor: Anchor { .link(folders.link) }

    /// The interface that its link is on, by its index in whatever namespace that is; nil if it is gone.
    func ifindex() throws(BPFError) -> UInt32? {
        let ifindex = try BPFLink(pinnedAt: folders.link).information.ifindex
        return ifindex == 0 ? nil : ifindex
    }
}
