// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// A program that is attached for a registry as long as a process lives, and pinned nowhere.
public struct HeldProgram: Sendable, Hashable {
    /// A process that has a descriptor of the program or of its link.
    public struct Process: Sendable, Hashable {
        public let processID: Int
        /// The name of what it runs, of at most 15 bytes; nil if it may not be seen.
        public let command: String?

        package init(processID: Int, command: String?) {
            self.processID = processID
            self.command = command
        }
    }

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
    public let processes: [Process]

    package init(program: String, programID: UInt32, place: Place?, processes: [Process]) {
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
        let ours = all.filter { id in
            guard let use = try? reader.use(ofProgram: id) else { return false }
            return use.isLoadedByPktmeta && use.registries.contains(fieldsMap.id)
        }
        let left = Set(ours).subtracting(pinnedPrograms)
        if left.isEmpty { return [] }
        let holders = HoldingProcess.ofBPFObjects("prog_id", left)
        let places = Self.places(of: Set(holders.keys))
        return holders.sorted { $0.key < $1.key }.compactMap { id, processes in
            guard let program = try? ProgramInformation(id: id) else { return nil }
            return HeldProgram(
                program: program.name, programID: id, place: places[id],
                processes: processes.map { .init(processID: $0.processID, command: $0.command) })
        }
    }

    private var pinnedPrograms: Set<UInt32> {
        Set(
            PinSearch(below: pins.attachments).found.compactMap { pin in
                if case .program(let program) = pin.object { program.id } else { nil }
            })
    }

    private static func places(of programs: Set<UInt32>) -> [UInt32: HeldProgram.Place] {
        var places: [UInt32: HeldProgram.Place] = [:]
        let here = try? NetworkNamespace.currentCookie()
        NetworkNamespace.visitAll {
            guard places.count < programs.count, let cookie = try? NetworkNamespace.currentCookie() else { return }
            for interface in (try? NetworkInterface.all()) ?? [] {
                for hook in Hook.allCases {
                    for id in (try? hook.programIDs(ifindex: interface.index)) ?? [] where programs.contains(id) {
                        let name = (try? NetworkNamespace.current().name()) ?? nil
                        places[id] = HeldProgram.Place(
                            interface: interface.name,
                            namespace: cookie == here ? .here : name.map { .named($0) } ?? .cookie(cookie), hook: hook)
                    }
                }
            }
        }
        return places
    }
}
