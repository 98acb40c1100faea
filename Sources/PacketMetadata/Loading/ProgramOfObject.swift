// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel

/// Which of an object's programs is meant for a hook, and those that the kernel has to have with it.
struct ProgramOfObject {
    private let fileName: String
    private let hook: Hook
    private let summary: String
    private let programs: [BPFObject.ProgramDescription]
    private let tailCalls: TailCalls
    /// Program arrays that libbpf would pin where the author said, and use again.
    private let sharedArrays: [String]

    init(_ fileName: String, _ object: borrowing BPFObject, _ hook: Hook, _ summary: String) {
        (self.fileName, self.hook, self.summary) = (fileName, hook, summary)
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
                if fitting.isEmpty { throw noneFits() }
                throw bad("it has \(fitting.count) \(hook) programs\(list(fitting))", "Name one: OBJECT:PROGRAM.")
            }
            chosen = only
        }
        guard chosen.name.utf8.count <= ProgramIdentity.maximumProgramLength else {
            throw bad("the program's name has more than \(ProgramIdentity.maximumProgramLength) bytes")
        }
        return chosen
    }

    private func named(
        _ name: String, _ fitting: [BPFObject.ProgramDescription]
    ) throws(PacketMetadataError) -> BPFObject.ProgramDescription {
        if let found = fitting.first(where: { $0.name == name }) { return found }
        guard let other = programs.first(where: { $0.name == name }) else {
            throw bad("it has no \(hook) program \(name)\(list(fitting))")
        }
        throw bad("its \(words(other))", hook.sectionsRemedy)
    }

    private func noneFits() -> PacketMetadataError {
        let others = programs.prefix(4).map(words).joined(separator: "; ") + (programs.count > 4 ? "; ..." : "")
        return bad("it has no \(hook) program\(others.isEmpty ? "" : ": \(others)")", hook.sectionsRemedy)
    }

    private func words(_ program: BPFObject.ProgramDescription) -> String {
        "program \(program.name) is \(program.section), \(program.section.reasonAgainst(hook))"
    }

    private func list(_ programs: [BPFObject.ProgramDescription]) -> String {
        programs.isEmpty ? "" : ": \(programs.map(\.name).joined(separator: ", "))"
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
                throw bad(
                    "\(program.name) is \(program.section) and reaches \(other.name), \(other.section), by a tail call: "
                        + "the kernel has programs of one kind only call each other",
                    "Give both the same section.")
            }
        }
        let used = tailCalls.arrays(of: reached)
        if let shared = sharedArrays.first(where: used.contains) {
            throw bad(
                "its program array \(shared) is filled by the object and pinned by name, so a program loaded anew would "
                    + "change where the attached one's packets go",
                "Leave out its pinning: what is attached keeps its maps.")
        }
        return reached
    }

    private func bad(_ reason: String, _ remedy: String? = nil) -> PacketMetadataError {
        PacketMetadataError(.badData, summary, reason: "\(fileName): \(reason)", remedy: remedy)
    }
}

extension Hook {
    /// Where a section may say that its programs run, for them to be attached to the hook.
    private var places: Set<ProgramSection.Place> {
        switch self {
        case .xdp: [.xdp]
        case .tcIngress: [.tc, .tcIngress]
        }
    }

    func runs(_ section: ProgramSection) -> Bool { places.contains(section.place) }

    fileprivate var sectionsRemedy: String {
        let sections = ProgramSection.sections(of: places).map(\.description)
        return "Programs for \(self) are \(sections.joined(separator: ", "))."
    }
}

extension ProgramSection {
    /// Why its programs cannot be attached to a hook that does not run them.
    fileprivate func reasonAgainst(_ hook: Hook) -> String {
        switch place {
        case .xdp: "for XDP"
        case .tc, .tcIngress: "for TC ingress"
        case .tcEgress: "for TC egress, where packets leave and pktmeta attaches nothing"
        case .deviceMap: "for packets that a device map sends, and the kernel attaches it to no interface"
        case .cpuMap: "for packets that a CPU map hands over, and the kernel attaches it to no interface"
        case .other: "not for \(hook)"
        }
    }
}
