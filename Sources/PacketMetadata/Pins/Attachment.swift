// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// What this registry has attached to a hook, as it is pinned: one program or, in XDP, several that run one after the
/// other.
struct Attachment: Sendable {
    let folders: Folders
    /// In the order in which they run; never empty.
    let members: [Member]

    struct Member: Sendable {
        let record: AttachmentRecord
        let folders: MemberFolders

        func reach() throws(BPFError) -> ProgramReach {
            try ProgramReach(of: record.program, in: record.object.bytes)
        }
    }

    /// - Parameter objects: keeps the bytes of its programs' objects.
    init(_ entry: FolderEntry, keeping objects: ObjectPool = ObjectPool()) throws(BPFError) {
        folders = Folders(entry)
        var members: [Member] = []
        for folders in try folders.attached.members() {
            var record = try AttachmentRecord(map: BPFMap(pinnedAt: folders.record, readOnly: true))
            record.object = record.object.kept(in: objects)
            members.append(Member(record: record, folders: folders))
        }
        guard !members.isEmpty else { throw BPFError("read \(entry)", .noSuchFileOrDirectory) }
        self.members = members
    }

    var entry: FolderEntry { folders.entry }
    var name: String { entry.name }

    /// The first member's, for what all have in common: hook, mode, interface.
    var record: AttachmentRecord { members[0].record }

    /// How its first program is held at the hook; nil if it is not, or this process may not know.
    func hold() throws(PacketMetadataError) -> Hold? {
        do throws(BPFError) {
            return try anchor.hold()
        } catch {
            throw PacketMetadataError(error)
        }
    }
}
