// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel

/// What would be removed, by what was found.
struct RemovalPlan {
    let items: [HostRemoval.Item]

    init(_ registries: RegistrySearch, _ view: HookSearch.View) {
        let ours = Set(view.hits.filter { $0.foreign == nil }.map(\.programID))
        items =
            registries.found.map { found in
                HostRemoval.Item(found.part, found.refusal.map(HostRemoval.Outcome.left) ?? .planned)
            }
            + view.hits.map { hit in
                HostRemoval.Item(hit.part, hit.foreign.map { .kept(reason: $0) } ?? .planned)
            }
            + view.qdiscs.map { place in
                HostRemoval.Item(.qdisc(place), Self.hasOthersFilters(place, ours) ? .isUsed : .planned)
            }
            + Remains(beforeRemovalOf: registries.found, view).items + view.unseen.map(HostRemoval.Item.init(unseen:))
    }

    private static func hasOthersFilters(_ place: HostRemoval.Place, _ ours: Set<UInt32>) -> Bool {
        let programs = try? place.run { () throws(BPFError) in
            let filters = [
                try TCFilter.filters(ifindex: place.ifindex, .ingress),
                try TCFilter.filters(ifindex: place.ifindex, .egress),
            ]
            return filters.joined().map(\.programID)
        }
        return programs?.contains { $0.map { !ours.contains($0) } ?? true } ?? true
    }
}

extension HostRemoval.Outcome {
    static let isUsed = HostRemoval.Outcome.kept(reason: "filters of others hang from it")

    static func left(_ error: PacketMetadataError) -> HostRemoval.Outcome {
        .left(.refused(error))
    }
}

extension HostRemoval.Item {
    init(unseen text: String) {
        self.init(.unseen(text), .left(.unseen))
    }
}
