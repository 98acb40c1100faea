// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// A program that is attached for a registry as long as a process lives, and pinned nowhere.
public struct HeldProgram: Sendable, Hashable {
    /// A hook on which the program is.
    public struct Place: Sendable, Hashable {
        public let interface: String
        public let namespace: NamespaceLabel
        public let hook: Hook

        package init(interface: String, namespace: NamespaceLabel, hook: Hook) {
            self.interface = interface
            self.namespace = namespace
            self.hook = hook
        }
    }

    /// Of which the kernel keeps 15 bytes.
    public let program: String
    public let programID: UInt32
    /// nil for a program behind another one of a chain, and if the hook was not found.
    public let place: Place?
    public let processes: [ProgramHolder]

    package init(program: String, programID: UInt32, place: Place?, processes: [ProgramHolder]) {
        self.program = program
        self.programID = programID
        self.place = place
        self.processes = processes
    }
}

extension Registry {
    /// Programs that other processes hold for this registry, as `attach-to-interface --no-pin` does, by their numbers: known
    /// by what the kernel says of each program that pktmeta has loaded.
    ///
    /// - Returns: nil without CAP_SYS_ADMIN.
    public func heldPrograms() -> [HeldProgram]? {
        guard let reader = try? LoadedMark.Reader(), let all = try? ProgramInformation.allIDs() else { return nil }
        let pinned = Set(pins.pinnedPrograms.map(\.id))
        let left = all.filter { !pinned.contains($0) && (try? reader.isLoaded($0, for: fieldsMap.id)) == true }
        if left.isEmpty { return [] }
        let holders = ProgramHolder.ofPrograms(Set(left))
        let places = Self.places(of: Set(holders.keys))
        return holders.sorted { $0.key < $1.key }.compactMap { id, processes in
            guard let program = try? ProgramInformation(id: id) else { return nil }
            return HeldProgram(program: program.name, programID: id, place: places[id], processes: processes)
        }
    }

    private static func places(of programs: Set<UInt32>) -> [UInt32: HeldProgram.Place] {
        var places: [UInt32: HeldProgram.Place] = [:]
        let home = try? NetworkNamespace.currentCookie()
        Hook.visitAll { hook, interface, cookie in
            guard places.count < programs.count else { return }
            for id in (try? hook.programIDs(ifindex: interface.index)) ?? [] where programs.contains(id) {
                places[id] = HeldProgram.Place(
                    interface: interface.name, namespace: NamespaceLabel.current(cookie, seenFrom: home), hook: hook)
            }
        }
        return places
    }
}
