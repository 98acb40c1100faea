// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel

/// Which of an object's programs is meant for a hook, and those that the kernel has to have with it.
struct ProgramOfObject {
    private let fileName: String
    private let hook: Hook
    private let programs: [BPFObject.ProgramDescription]
    private let tailCalls: TailCalls
    /// Program arrays that libbpf would pin where the author said, and use again.
    private let sharedArrays: [String]

    init(_ fileName: String, _ object: borrowing BPFObject, _ hook: Hook) {
        (self.fileName, self.hook) = (fileName, hook)
        programs = object.programs
        tailCalls = object.tailCalls
        var shared: [String] = []
        for name in tailCalls.arrays.keys.sorted() where object.pinPath(ofMap: name) != nil { shared.append(name) }
        sharedArrays = shared
    }

    // MARK: The program

    /// - Parameter name: nil for the only program of the hook that no other one's tail calls lead to.
    func choose(_ name: String?) throws(PacketMetadataError) -> BPFObject.ProgramDescription {
        let fitting = programs.filter { hook.runs($0.section) }
        let chosen: BPFObject.ProgramDescription
        if let name {
            chosen = try named(name, fitting)
        } else {
            let targets = Set(tailCalls.arrays.values.joined())
            let entries = fitting.filter { !targets.contains($0.name) }
            guard let only = fitting.count == 1 ? fitting.first : entries.first,
                fitting.count == 1 || entries.count == 1
            else {
                throw PacketMetadataError(
                    fitting.isEmpty
                        ? LoadingRefusal.noProgram(object: fileName, hook, others: programs.map { ObjectProgram($0) })
                        : .severalPrograms(object: fileName, hook, fitting.map(\.name)))
            }
            chosen = only
        }
        guard chosen.name.utf8.count <= ProgramIdentity.maximumProgramLength else {
            throw PacketMetadataError(
                LoadingRefusal.longProgramName(object: fileName, most: ProgramIdentity.maximumProgramLength))
        }
        return chosen
    }

    private func named(
        _ name: String, _ fitting: [BPFObject.ProgramDescription]
    ) throws(PacketMetadataError) -> BPFObject.ProgramDescription {
        if let found = fitting.first(where: { $0.name == name }) { return found }
        guard let other = programs.first(where: { $0.name == name }) else {
            throw PacketMetadataError(
                LoadingRefusal.noSuchProgram(object: fileName, program: name, hook, among: fitting.map(\.name)))
        }
        throw PacketMetadataError(LoadingRefusal.programOfOtherHook(object: fileName, ObjectProgram(other), hook))
    }

    // MARK: What it reaches

    /// The program and all that its tail calls through the object's own program arrays lead to.
    ///
    /// The kernel has programs of one kind only call each other (kernel/bpf/core.c, `bpf_prog_map_compatible`). And an array
    /// that libbpf shares between loads would lead from old programs to new ones, bound to another layout.
    func reached(from program: BPFObject.ProgramDescription) throws(PacketMetadataError) -> Set<String> {
        let reached = tailCalls.programs(from: program.name)
        for other in programs where reached.contains(other.name) {
            guard hook.runs(other.section), other.section.takesFragments == program.section.takesFragments else {
                throw PacketMetadataError(
                    LoadingRefusal.mixedTailCalls(
                        object: fileName, from: ObjectProgram(program), to: ObjectProgram(other)))
            }
        }
        let used = tailCalls.arrays(of: reached)
        if let shared = sharedArrays.first(where: used.contains) {
            throw PacketMetadataError(LoadingRefusal.sharedArray(object: fileName, array: shared))
        }
        return reached
    }
}

extension Hook {
    /// Where a section may say that its programs run, for them to be attached to the hook.
    private var places: Set<ProgramSection.Place> {
        switch self {
        case .xdp: [.xdp]
        case .tcIngress: [.tc, .tcIngress]
        case .tcEgress: [.tc, .tcEgress]
        case .netfilter: [.netfilter]
        case .cgroupIngress: [.cgroup, .cgroupIngress]
        case .cgroupEgress: [.cgroup, .cgroupEgress]
        case .socketGet: [.socketOptionsGet]
        case .socketSet: [.socketOptionsSet]
        case .socketIngress: [.cgroupIngress]
        }
    }

    func runs(_ section: ProgramSection) -> Bool { places.contains(section.place) }

    /// Sections whose programs can be attached to the hook, as they are written.
    package var sections: [String] { ProgramSection.sections(of: places).map(\.description) }
}

extension ObjectProgram {
    fileprivate init(_ program: BPFObject.ProgramDescription) {
        name = program.name
        section = program.section.description
        purpose =
            switch program.section.place {
            case .xdp: .xdp
            case .tc, .tcIngress: .tcIngress
            case .tcEgress: .tcEgress
            case .deviceMap: .deviceMap
            case .cpuMap: .cpuMap
            case .netfilter: .netfilter
            case .cgroup: .cgroup
            case .cgroupIngress: .cgroupIngress
            case .cgroupEgress: .cgroupEgress
            case .socketOptionsGet, .socketOptionsSet, .other: .other
            }
    }
}
