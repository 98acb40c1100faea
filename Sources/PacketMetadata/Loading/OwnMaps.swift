// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import SystemPackage

/// Where a program that is loaded gets the maps of its own from.
enum MapsSource {
    /// Made for it.
    case new
    /// Those of an earlier load of the program that are pinned in that folder.
    case folder(FolderEntry)
    /// Those of an earlier load of the program that this process has.
    case program(LoadedProgram)
}

/// An object's maps that are not the registry's: pinned beside its program, so that a program loaded anew keeps what
/// it has counted and learnt.
enum OwnMaps {
    /// Constants are frozen and belong to one load, as does the way to the next program of a chain; registry, state and
    /// what is for sockets have pins of their own.
    private static func isOwn(_ name: String) -> Bool {
        ![PKTMETA_REGISTRY_MAP, PKTMETA_STATE_MAP, PKTMETA_CHAIN_MAP].contains(name)
            && !SocketMaps.names.contains(name) && !name.contains(text: ".rodata")
    }

    static func areIn(_ object: borrowing BPFObject) -> Bool { object.mapNames.contains(where: isOwn) }

    /// Program arrays that the object fills lead to the programs of one load: they are kept, since the kernel empties one as
    /// its last pin goes, and each load gets new ones. Were they used again, the attached programs, bound to the registry
    /// as it was, would call programs bound to the registry as it will be.
    private static func isReused(_ name: String, _ object: borrowing BPFObject) -> Bool {
        isOwn(name) && object.tailCalls.arrays[name] == nil
    }

    /// bpffs takes no dots in names, and maps of global variables have them.
    private static func pinName(_ name: String) -> String {
        String(name.map { $0 == "." ? "+" : $0 })
    }

    /// - Returns: nil if this process may not look.
    static func pinned(in folder: FolderEntry) -> [PinnedMap]? {
        guard let pins = try? folder.contents() else { return nil }
        return pins.map { pin in
            // Names of maps are C identifiers and dots, so no other plus was there.
            PinnedMap(name: String(pin.map { $0 == "+" ? "." : $0 }), path: folder.appending(pin).path)
        }
    }

    static func pin(_ object: borrowing BPFObject, in folder: FolderEntry) throws(BPFError) {
        for name in object.mapNames where isOwn(name) {
            try object.map(name).pin(at: folder.appending(pinName(name)))
        }
    }

    /// Has an object that is not loaded yet use the maps of an earlier load.
    static func reuse(_ object: borrowing BPFObject, from source: MapsSource) throws(BPFError) {
        for name in object.mapNames where isReused(name, object) {
            switch source {
            case .new: return
            case .program(let earlier): try object.reuse(earlier.object.map(name), as: name)
            case .folder(let folder):
                let pin = folder.appending(pinName(name))
                if try pin.isThere() { try object.reuse(BPFMap(pinnedAt: pin), as: name) }
            }
        }
    }

    /// Whether program arrays are pinned there: packets on their way through the programs that use them need them.
    static func hasProgramArray(_ folder: FolderEntry) throws(BPFError) -> Bool {
        do throws(Errno) {
            for name in try folder.contents() {
                if isProgramArray(folder.appending(name)) { return true }
            }
            return false
        } catch .noSuchFileOrDirectory {
            return false
        } catch {
            throw BPFError("read \(folder)", error)
        }
    }

    private static func isProgramArray(_ entry: FolderEntry) -> Bool {
        guard let map = try? BPFMap(pinnedAt: entry, readOnly: true) else { return false }
        return map.shape.kind == .programArray
    }
}
