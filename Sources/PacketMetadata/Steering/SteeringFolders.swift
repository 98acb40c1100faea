// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import SystemPackage

/// Where the parts of a steering are pinned.
struct SteeringFolders: Sendable {
    let entry: FolderEntry

    init(_ entry: FolderEntry) { self.entry = entry }

    var record: FolderEntry { entry.appending("record") }
    var program: FolderEntry { entry.appending("program") }
    var sockets: FolderEntry { entry.appending(PKTMETA_STEERING_SOCKETS_MAP) }
    var values: FolderEntry { entry.appending(PKTMETA_STEERING_VALUES_MAP) }
    var counts: FolderEntry { entry.appending(PKTMETA_STEERING_COUNTS_MAP) }
    /// The maps, by their names in the program's object.
    var maps: [FolderEntry] { [sockets, values, counts] }

    /// What a group that shares the steering may do: attach the program, and say where values lead.
    ///
    /// Whoever can open a program for reading can do no more with one of this type than attach it: it cannot be run by
    /// `BPF_PROG_TEST_RUN` (ENOTSUPP), and its instructions the kernel shows to CAP_BPF only. A socket that is put into the
    /// array gets packets only in a group that it is in itself.
    func share(with group: UInt32) throws(Errno) {
        let parts: [(FolderEntry, UInt32)] = [(program, 0o640), (sockets, 0o660), (values, 0o660), (entry, 0o750)]
        for (part, bits) in parts {
            var access = try part.access()
            (access.group, access.bits) = (group, bits)
            try access.apply(to: part)
        }
    }

    /// nil if only the owner may open it.
    var group: UInt32? {
        get throws(Errno) {
            let access = try entry.access()
            return access.isOwnersAlone ? nil : access.group
        }
    }

    /// Whether no socket is left; also false if this process may not know.
    var isEmpty: Bool { (try? BPFMap(pinnedAt: sockets, readOnly: true).filledElements) == 0 }

    /// Takes the sockets out: groups that have the program get the kernel's choice from then on.
    func empty() throws(BPFError) {
        guard try record.isThere(), try sockets.isThere() else { return }
        let map = try BPFMap(pinnedAt: sockets)
        for index in 0..<map.shape.entries { try map.removeElement(at: index) }
    }
}
