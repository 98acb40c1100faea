// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

// How an attachment goes, also one that is half made or half gone.

extension AttachmentStore {
    /// The hook first, so that what is half gone is also detached.
    func takeApart(_ folders: Attachment.Folders) throws(BPFError) {
        try folders.anchor.letGo()
        try takeApart(folders.current)
        try takeApart(folders.next)
        try takeApart(folders.previous)
        try perform("remove \(folders.entry)") { () throws(Errno) in
            try folders.witness.unlink()
            try folders.entry.remove()
        }
    }

    func takeApart(_ chain: Attachment.ChainFolder) throws(BPFError) {
        if try !chain.entry.isThere() { return }
        for member in try chain.members() { try takeApart(member) }
        try perform("remove \(chain.entry)") { () throws(Errno) in try chain.entry.remove() }
    }

    private func takeApart(_ member: Attachment.MemberFolders) throws(BPFError) {
        try perform("remove \(member.entry)") { () throws(Errno) in
            if try member.maps.exists() {
                for map in try member.maps.contents() { try member.maps.appending(map).unlink() }
            }
            try member.maps.remove()
            for pin in [member.program, member.successor, member.record] { try pin.unlink() }
            try member.entry.remove()
        }
    }
}
