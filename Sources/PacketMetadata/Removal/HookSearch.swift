// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Looks through all hooks for what pktmeta has attached.
struct HookSearch {
    /// A program on a hook, or a link whose hook is not found.
    struct Hit: Hashable {
        let part: HostRemoval.Part
        let programID: UInt32
        let linkID: UInt32?
        /// Of a filter.
        let filter: TCFilter?
        /// nil: pktmeta's; else why it is not its to remove.
        let foreign: String?
    }

    struct View {
        var hits: [Hit] = []
        var qdiscs: [HostRemoval.Place] = []
        /// All programs that are pktmeta's, on hooks or not.
        var programs: Set<UInt32> = []
        /// Numbers of the maps of registries that are to go, and of those that were not found.
        var registryMaps: Set<UInt32> = []
        /// What could not be looked at, in words.
        var unseen: [String] = []
    }

    private let registries: RegistrySearch
    /// Programs that are pinned for registries that are to go.
    private let pinned: Set<UInt32>
    /// Programs that are pinned for registries that may not be removed.
    private let refused: Set<UInt32>
    /// Maps of registries that are to go; nil: of any.
    private let wantedMaps: Set<UInt32>?
    private let refusedMaps: Set<UInt32>
    /// Of this thread's network namespace.
    private let home = try? NetworkNamespace.currentCookie()

    init(_ registries: RegistrySearch) {
        self.registries = registries
        let refusing = registries.found.filter { $0.refusal != nil }
        pinned = Set(registries.removable.flatMap(\.programs).map(\.id))
        refused = Set(refusing.flatMap(\.programs).map(\.id))
        refusedMaps = Set(refusing.compactMap(\.mapID))
        wantedMaps = registries.request.registries == nil ? nil : Set(registries.removable.compactMap(\.mapID))
    }

    /// - Parameter dead: links that are known to be detached, and may be there still.
    func look(besides dead: Set<UInt32> = []) -> View {
        var view = View()
        if !registries.isComplete {
            view.unseen.append("not all BPF file systems, or not all of each, could be searched through")
        }
        let reader = try? LoadedMark.Reader()
        if reader == nil {
            view.unseen.append("programs without pins cannot be looked for without CAP_SYS_ADMIN")
        }
        let survey = HostSurvey()
        Hook.visitAll { hook, interface, cookie in look(at: hook, of: interface, cookie, reader, survey, &view) }
        if let reader {
            addLinks(reader, besides: dead, &view)
            // Also those on hooks of network namespaces that were not found.
            view.programs = Set(((try? ProgramInformation.allIDs()) ?? []).filter { standing($0, reader) == .ours })
            view.registryMaps = reader.registries.subtracting(refusedMaps)
            if let wantedMaps { view.registryMaps.formIntersection(wantedMaps) }
        }
        return view
    }

    private func look(
        at hook: Hook, of interface: NetworkInterface, _ cookie: UInt64, _ reader: LoadedMark.Reader?,
        _ survey: HostSurvey, _ view: inout View
    ) {
        let ids = (try? hook.programIDs(ifindex: interface.index)) ?? []
        let standings = Dictionary(ids.map { ($0, standing($0, reader)) }) { one, _ in one }
        let hasQdisc = hook != .xdp && (try? survey.qdisc(ifindex: interface.index))??.isMarked == true
        let isOfInterest = standings.values.contains { $0 != .none }
        guard isOfInterest || hasQdisc else { return }
        let place = HostRemoval.Place(
            namespace: NamespaceLabel.current(cookie, seenFrom: home), netnsCookie: cookie, interface: interface.name,
            ifindex: interface.index,
            hook: hook)
        // Its filters are at both hooks of TC.
        let isListed = view.qdiscs.last.map { $0.netnsCookie == cookie && $0.ifindex == interface.index } ?? false
        if hasQdisc, !isListed, wantedMaps == nil || isOfInterest { view.qdiscs.append(place) }
        guard isOfInterest, let occupancy = try? HookOccupancy(ifindex: interface.index, hook, survey) else { return }
        for occupant in occupancy.occupants {
            guard let standing = standings[occupant.programID], standing != .none else { continue }
            view.hits.append(hit(place, occupant, standing))
        }
    }

    private enum Standing { case none, ours, user }

    private func standing(_ program: UInt32, _ reader: LoadedMark.Reader?) -> Standing {
        if pinned.contains(program) { return .ours }
        guard !refused.contains(program), let use = (try? reader?.use(ofProgram: program)) ?? nil else { return .none }
        guard use.registries.isDisjoint(with: refusedMaps), wantedMaps?.isDisjoint(with: use.registries) != true else {
            return .none
        }
        return use.isLoadedByPktmeta ? .ours : .user
    }

    private func hit(_ place: HostRemoval.Place, _ occupant: HookOccupant, _ standing: Standing) -> Hit {
        let foreign: String? =
            switch (standing, occupant.mechanism) {
            case (.ours, .xdpNetlink), (.ours, .tcxProgram):
                "pktmeta has loaded it, and somebody else attached it: pktmeta attaches by links and filters"
            case (.ours, _): nil
            default: "it uses a registry of pktmeta's, and was loaded by somebody else"
            }
        return Hit(
            part: .program(place, occupant, holders: occupant.linkID.map(holders) ?? []), programID: occupant.programID,
            linkID: occupant.linkID,
            filter: occupant.filter.flatMap { filter in
                place.hook.tcDirection.map {
                    TCFilter(ifindex: place.ifindex, $0, priority: filter.priority, handle: filter.handle)
                }
            }, foreign: foreign)
    }

    /// Links of netfilter and of cgroups, and those of which no interface was seen: in a network namespace that was not found.
    private func addLinks(_ reader: LoadedMark.Reader, besides dead: Set<UInt32>, _ view: inout View) {
        let seen = Set(view.hits.compactMap(\.linkID)).union(dead)
        for link in (try? LinkInformation.all()) ?? [] where !seen.contains(link.id) && link.isAttached {
            guard link.kind.isPktmetas, standing(link.programID, reader) == .ours else { continue }
            view.hits.append(
                Hit(
                    part: .link(
                        link.id, at: link.kind.place, programID: link.programID,
                        programName: try? ProgramInformation(id: link.programID).name, holders: holders(of: link.id)),
                    programID: link.programID, linkID: link.id, filter: nil, foreign: nil))
        }
    }

    private func holders(of link: UInt32) -> [ProgramHolder] { ProgramHolder.ofLinks([link])[link, default: []] }
}

extension HostRemoval.Place {
    /// Runs something in the network namespace.
    ///
    /// - Throws: EPERM if the namespace is not found, or may not be entered.
    func run<Value>(_ body: () throws(BPFError) -> Value) throws(BPFError) -> Value {
        let isThere = { (try? NetworkNamespace.currentCookie()) == netnsCookie }
        if let value = try NetworkNamespace.run(where: isThere, body) { return value }
        throw BPFError("find and enter the network namespace of \(interface)", .notPermitted)
    }
}

extension LinkInformation.Kind {
    /// Whether pktmeta attaches by links of that kind.
    fileprivate var isPktmetas: Bool { if case .other = self { false } else { true } }

    /// In words, as far as the link tells it; nil of an interface.
    fileprivate var place: String? {
        switch self {
        case .netfilter(let position): NetfilterHook(position).map { "netfilter \($0)" }
        case .cgroup(let id, _): "cgroup \(id)"
        case .xdp, .tcx, .other: nil
        }
    }
}
