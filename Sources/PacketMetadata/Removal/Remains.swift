// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Programs and maps of pktmeta that are on no hook any more, and still in the kernel.
struct Remains {
    let view: HookSearch.View
    private let programs: [ProgramInformation]
    /// Maps of registries.
    private let maps: Set<UInt32>

    /// Those of them that programs of others use.
    private let shared: Set<UInt32>

    /// After all was removed that could be.
    ///
    /// - Parameters:
    ///   - removed: programs that were.
    ///   - left: registries that could not be removed.
    init(_ view: HookSearch.View, _ removed: Set<UInt32>, _ left: [FoundRegistry]) {
        let told = Set(view.hits.map(\.programID) + left.flatMap(\.programs).map(\.id))
        self.init(
            view, view.programs.union(removed).subtracting(told),
            view.registryMaps.subtracting(left.compactMap(\.mapID)))
    }

    /// Before: what would not go, as far as it can be told.
    init(beforeRemovalOf registries: [FoundRegistry], _ view: HookSearch.View) {
        let ours = view.hits.filter { $0.foreign == nil }
        let programs = view.programs.subtracting(view.hits.map(\.programID))
            .subtracting(registries.flatMap(\.programs).map(\.id))
        // What a process holds may be members of a chain, which go with the first.
        let held = HoldingProcess.ofBPFObjects("prog_id", programs).keys
        self.init(
            view, programs.subtracting(held),
            view.registryMaps.subtracting(registries.compactMap(\.mapID)).subtracting(Self.maps(of: ours)))
    }

    private init(_ view: HookSearch.View, _ programs: Set<UInt32>, _ maps: Set<UInt32>) {
        self.view = view
        self.programs = programs.sorted().compactMap { try? ProgramInformation(id: $0) }
        self.maps = maps
        shared = maps.intersection(Self.maps(of: view.hits.filter { $0.foreign != nil }))
    }

    private static func maps(of hits: [HookSearch.Hit]) -> Set<UInt32> {
        Set(hits.flatMap { (try? BPFProgram(id: $0.programID).mapIDs) ?? [] })
    }

    private var isEmpty: Bool { programs.isEmpty && maps.isEmpty }
    /// Whether some of it is there for no reason that was found, or for one that may pass.
    var mayGo: Bool { !programs.isEmpty || !maps.isSubset(of: shared) }

    var items: [HostRemoval.Item] {
        if isEmpty { return [] }
        let ids = Set(programs.map(\.id))
        let pins = PinSearch { object in object.programID.map(ids.contains) ?? object.mapID.map(maps.contains) ?? false
        }
        let ofPrograms = HoldingProcess.ofBPFObjects("prog_id", ids)
        let ofMaps = HoldingProcess.ofBPFObjects("map_id", maps)
        return programs.map { program in
            HostRemoval.Item(
                .loaded(program.id, name: program.name),
                outcome(
                    ofPrograms[program.id], pins.found.filter { $0.object.programID == program.id },
                    outOfSight: program.picksSockets ? .heldBySockets : .heldOutOfSight))
        } + maps.sorted().map { map in HostRemoval.Item(.map(map), outcome(map, ofMaps[map], pins)) }
    }

    private func outcome(
        _ processes: [HoldingProcess]?, _ pins: [PinnedObject], outOfSight: HostRemoval.Reason = .heldOutOfSight
    ) -> HostRemoval.Outcome {
        let holders = (processes ?? []).map(\.description) + pins.map { "the pin \($0.path)" }
        return .left(holders.isEmpty ? outOfSight : .held(by: holders))
    }

    /// A program of others that uses the registry is told of itself.
    private func outcome(_ map: UInt32, _ processes: [HoldingProcess]?, _ pins: PinSearch) -> HostRemoval.Outcome {
        if shared.contains(map) { return .kept(reason: "programs of others use it, which are named above") }
        let ours = programs.filter { (try? BPFProgram(id: $0.id).mapIDs.contains(map)) == true }
        if processes == nil, !ours.isEmpty {
            return .left(.heldByPrograms(ours.map(\.name)))
        }
        return outcome(processes, pins.found.filter { $0.object.mapID == map })
    }
}

extension PinnedObject.Object {
    fileprivate var programID: UInt32? {
        switch self {
        case .program(let program): program.id
        case .link(let link): link.programID
        case .map: nil
        }
    }

    fileprivate var mapID: UInt32? { if case .map(let id, _) = self { id } else { nil } }
}
