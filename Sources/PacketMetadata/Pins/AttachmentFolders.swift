// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

// Where the parts of an attachment are pinned:
//
//     link       none in clsact mode
//     stand-in   of netfilter, while the link is made anew (LinkAnchor)
//     witness    in clsact mode: whether the interface is still there
//     current/   what is attached: a folder a member, 0 1 ..., each with program, record, successor, maps/
//     next/      what is about to take its place
//     previous/  what was in its place, while the two change names on kernels that cannot exchange them at once

extension Attachment {
    struct Folders: Sendable {
        let entry: FolderEntry

        init(_ entry: FolderEntry) { self.entry = entry }

        var link: FolderEntry { entry.appending("link") }
        var standIn: FolderEntry { entry.appending("stand-in") }
        var witness: FolderEntry { entry.appending("witness") }
        var current: ChainFolder { ChainFolder(entry: entry.appending("current")) }
        var next: ChainFolder { ChainFolder(entry: entry.appending("next")) }
        var previous: ChainFolder { ChainFolder(entry: entry.appending("previous")) }

        /// What the hook holds, also while folders change names.
        var attached: ChainFolder {
            get throws(BPFError) {
                if try current.entry.isThere() { return current }
                return try previous.entry.isThere() ? next : current
            }
        }
    }

    struct ChainFolder: Sendable {
        let entry: FolderEntry

        func member(_ index: Int) -> MemberFolders { MemberFolders(entry: entry.appending(String(index))) }

        /// Those that are there, in order.
        func members() throws(BPFError) -> [MemberFolders] {
            do throws(Errno) {
                return try entry.contents().compactMap { Int($0) }.sorted().map(member)
            } catch {
                throw BPFError("read \(entry)", error)
            }
        }
    }

    struct MemberFolders: Sendable {
        let entry: FolderEntry

        var program: FolderEntry { entry.appending("program") }
        var record: FolderEntry { entry.appending("record") }
        /// The map with the program that runs behind this one. The kernel empties such a map when no descriptor and no
        /// pin of it is left.
        var successor: FolderEntry { entry.appending("successor") }
        var maps: FolderEntry { entry.appending("maps") }
    }
}

extension FolderEntry {
    /// ``exists()`` where all else that fails is an error of bpf(2).
    func isThere() throws(BPFError) -> Bool {
        do throws(Errno) {
            return try exists()
        } catch {
            throw BPFError("look for \(self)", error)
        }
    }
}
