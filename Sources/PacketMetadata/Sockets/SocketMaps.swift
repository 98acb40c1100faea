// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import SystemPackage

/// The maps that all programs share which answer a registry's sockets: pinned in its folder, since what a socket has asked
/// for must outlast the programs.
struct SocketMaps {
    let pins: RegistryPins

    /// Those that are the owner's alone, by their names in the object, with their pins' names.
    private static let kept = [PKTMETA_OPTIONS_MAP: "options", PKTMETA_RINGS_MAP: "rings", PKTMETA_RUNS_MAP: "runs"]

    static let names = Set(kept.keys).union([PKTMETA_ASKED_MAP])

    private var places: [(name: String, pin: FolderEntry)] {
        [(PKTMETA_ASKED_MAP, pins.asked)] + Self.kept.map { ($0, pins.sockets.appending($1)) }
    }

    /// Has an object that is not loaded yet use those that there are.
    func reuse(in object: borrowing BPFObject) throws(BPFError) {
        for (name, pin) in places where object.mapNames.contains(name) {
            if try pin.isThere() { try object.reuse(BPFMap(pinnedAt: pin), as: name) }
        }
    }

    /// Pins those of a loaded object that are new.
    func pin(_ object: borrowing BPFObject) throws(BPFError) {
        for (name, pin) in places where object.mapNames.contains(name) {
            if try pin.isThere() { continue }
            if name != PKTMETA_ASKED_MAP { try makeFolder() }
            try object.map(name).pin(at: pin)
            try pins.giveOwner(pin)
        }
        try openCounts()
    }

    private func makeFolder() throws(BPFError) {
        do throws(Errno) {
            guard try pins.sockets.makeFolder() else { return }
        } catch {
            throw BPFError("make \(pins.sockets)", error)
        }
        try pins.giveOwner(pins.sockets)
    }

    /// Who may read what fields count may read what sockets do.
    private func openCounts() throws(BPFError) {
        do throws(Errno) {
            guard try pins.asked.exists() else { return }
            let access = try pins.state.access()
            if try pins.asked.access() != access { try access.apply(to: pins.asked) }
        } catch {
            throw BPFError("open \(pins.asked)", error)
        }
    }
}
