// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

// Where the parts of an attachment are pinned:
//
//     link       none in clsact mode
//     witness    in clsact mode: whether the interface is still there
//     current/   what is attached: a folder a member, 0 1 ..., each with program, record, successor, maps/
//     next/      what is about to take its place
//     previous/  what was in its place, while the two change names on kernels that cannot exchange them at once

extension Attachment {
    struct Folders: Sendable {
        let path: FilePath

        init(_ path: FilePath) { self.path = path }

        var link: FilePath { path.appending("link") }
        var witness: FilePath { path.appending("witness") }
        var current: ChainFolder { ChainFolder(path: path.appending("current")) }
        var next: ChainFolder { ChainFolder(path: path.appending("next")) }
        var previous: ChainFolder { ChainFolder(path: path.appending("previous")) }

        /// What the hook holds, also while folders change names.
        var attached: ChainFolder {
            !Folder.exists(current.path) && Folder.exists(previous.path) ? next : current
        }
    }

    struct ChainFolder: Sendable {
        let path: FilePath

        func member(_ index: Int) -> MemberFolders { MemberFolders(path: path.appending(String(index))) }

        /// Those that are there, in order.
        func members() throws(BPFError) -> [MemberFolders] {
            do throws(Errno) {
                return try Folder.names(in: path).compactMap { Int($0) }.sorted().map(member)
            } catch {
                throw BPFError("read \(path)", error)
            }
        }
    }

    struct MemberFolders: Sendable {
        let path: FilePath

        var program: FilePath { path.appending("program") }
        var record: FilePath { path.appending("record") }
        /// The map with the program that runs behind this one. The kernel empties such a map when no descriptor and no
        /// pin of it is left.
        var successor: FilePath { path.appending("successor") }
        var maps: FilePath { path.appending("maps") }
    }
}
