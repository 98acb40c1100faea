// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel
internal import SystemPackage

/// An attachment as it is pinned.
struct Attachment: Sendable {
    let record: AttachmentRecord
    let folders: Folders

    init(path: FilePath) throws(BPFError) {
        folders = Folders(path)
        record = try AttachmentRecord(map: BPFMap(pinnedAt: folders.current.record, readOnly: true))
    }

    var path: FilePath { folders.path }
    var name: String { path.lastComponent?.string ?? "" }

    /// What the kernel says of its link.
    func link() throws(BPFError) -> BPFLink.Information {
        try BPFLink(pinnedAt: folders.link).information
    }

    /// Fields that its program names.
    func usedFields() throws(BPFError) -> Set<String> {
        UsedFields(try BPFObject(bytes: record.object.bytes, name: "pktmeta")).all
    }

    /// Where its parts are pinned.
    struct Folders: Sendable {
        let path: FilePath

        init(_ path: FilePath) { self.path = path }

        var link: FilePath { path.appending("link") }
        var current: Part { Part(path: path.appending("current")) }
        var next: Part { Part(path: path.appending("next")) }
    }

    struct Part: Sendable {
        let path: FilePath

        var program: FilePath { path.appending("program") }
        var record: FilePath { path.appending("record") }
        var maps: FilePath { path.appending("maps") }
    }
}
