// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

extension AttachmentStore {
    /// Finishes or removes what killed processes left, and what was attached to interfaces that are gone.
    ///
    /// - Returns: what was done, in words.
    @discardableResult
    func recover() throws(PacketMetadataError) -> [String] {
        var done: [String] = []
        func finish(_ text: String) {
            pins.record(.finished(text))
            done.append(text)
        }
        for name in try names() {
            let folders = Attachment.Folders(pins.attachments.appending(name))
            do throws(BPFError) {
                if name.hasPrefix(Self.temporaryPrefix) {
                    try takeApart(folders)
                    finish("removed the half-made or half-removed attachment \(name)")
                } else if let text = try recover(folders) {
                    finish(text)
                }
            } catch {
                throw PacketMetadataError(
                    error, "cannot finish the attachment \(folders.entry)",
                    remedy: "If trying again does not help, rm -r \(folders.entry) detaches it.")
            }
        }
        return done
    }

    private func recover(_ folders: Attachment.Folders) throws(BPFError) -> String? {
        let wasExchanging = try folders.previous.entry.isThere()
        try finishExchange(folders)
        let attachment = try Attachment(folders.entry)
        let record = attachment.record
        let text = "\(record.interface): \(record.hook): \(record.program)"
        switch try attachment.anchor.state() {
        case .outOfReach: return nil
        case .gone:
            try remove(attachment)
            return "\(text): forgotten, since its interface is gone or others have detached it"
        case .attached(let attached):
            guard try folders.next.entry.isThere() else { return nil }
            let next = folders.next.member(0).program
            var isNext = false
            if try next.isThere() { isNext = try BPFProgram(pinnedAt: next).id == attached }
            if isNext { try exchange(folders) }
            try settle(folders.entry)
            return "\(text): \(isNext || wasExchanging ? "finished" : "took back") a replacement that was cut short"
        }
    }
}
