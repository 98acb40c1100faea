// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import SystemPackage

/// An object's maps that are not the registry's: pinned beside its program, so that a program loaded anew keeps what
/// it has counted and learnt.
enum OwnMaps {
    /// Constants are frozen and belong to one load, as does the way to the next program of a chain; registry and state
    /// have pins of their own.
    private static func isOwn(_ name: String) -> Bool {
        ![PKTMETA_REGISTRY_MAP, PKTMETA_STATE_MAP, PKTMETA_CHAIN_MAP].contains(name) && !name.contains(".rodata")
    }

    /// bpffs takes no dots in names, and maps of global variables have them.
    private static func pinName(_ name: String) -> String {
        String(name.map { $0 == "." ? "+" : $0 })
    }

    static func pin(_ object: borrowing BPFObject, in folder: FolderEntry) throws(BPFError) {
        for name in object.mapNames where isOwn(name) {
            try object.map(name).pin(at: folder.appending(pinName(name)))
        }
    }

    static func reuse(_ object: borrowing BPFObject, of earlier: ProgramLoader.Loaded) throws(BPFError) {
        for name in object.mapNames where isOwn(name) { try object.reuse(earlier.object.map(name), as: name) }
    }

    static func reuse(_ object: borrowing BPFObject, from folder: FolderEntry) throws(BPFError) {
        for name in object.mapNames where isOwn(name) {
            let pin = folder.appending(pinName(name))
            if try pin.isThere() { try object.reuse(BPFMap(pinnedAt: pin), as: name) }
        }
    }
}
