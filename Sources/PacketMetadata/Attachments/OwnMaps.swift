// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import SystemPackage

/// An object's maps that are not the registry's: pinned beside its program, so that a program loaded anew keeps what
/// it has counted and learnt.
enum OwnMaps {
    /// Constants are frozen and belong to one load; registry and state have pins of their own.
    private static func isOwn(_ name: String) -> Bool {
        name != PKTMETA_REGISTRY_MAP && name != PKTMETA_STATE_MAP && !name.contains(".rodata")
    }

    /// bpffs takes no dots in names, and maps of global variables have them.
    private static func pinName(_ name: String) -> String {
        String(name.map { $0 == "." ? "+" : $0 })
    }

    /// An open map and the name of its pin.
    final class Open {
        private let name: String
        private let map: BPFMap

        fileprivate init(_ name: String, _ map: consuming BPFMap) {
            self.name = name
            self.map = map
        }

        func pin(in folder: FilePath) throws(BPFError) { try map.pin(at: folder.appending(name)) }
    }

    static func open(in folder: FilePath) throws(BPFError) -> [Open] {
        let names: [String]
        do throws(Errno) {
            names = Folder.exists(folder) ? try Folder.names(in: folder) : []
        } catch {
            throw BPFError("read \(folder)", error)
        }
        var maps: [Open] = []
        for name in names { maps.append(Open(name, try BPFMap(pinnedAt: folder.appending(name)))) }
        return maps
    }

    static func pin(_ object: borrowing BPFObject, in folder: FilePath) throws(BPFError) {
        for name in object.mapNames where isOwn(name) {
            try object.map(name).pin(at: folder.appending(pinName(name)))
        }
    }

    static func reuse(_ object: borrowing BPFObject, from folder: FilePath) throws(BPFError) {
        for name in object.mapNames where isOwn(name) {
            let path = folder.appending(pinName(name))
            if Folder.exists(path) { try object.reuse(BPFMap(pinnedAt: path), as: name) }
        }
    }
}
