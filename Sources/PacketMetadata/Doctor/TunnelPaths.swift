// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// Which tunnels packets of an interface come out of, or go into behind it, as the links of its network namespace say.
struct TunnelPaths: Sendable, Hashable {
    /// A device that takes packets out of others.
    struct Tunnel: Sendable, Hashable {
        let name: String
        let kind: TunnelKind
        /// Whether the device is in another network namespace, though its outer packets are of this one.
        var isElsewhere = false
    }

    /// Those that take packets out of what comes in by the interface, itself or by a bridge, bond or VLAN above it.
    let above: [Tunnel]
    /// Those that are bound neither to an interface nor to an address of one, and so may.
    let perhapsAbove: [Tunnel]
    /// What tunnel the interface itself is; nil if it is none.
    let own: TunnelKind?
    /// The interface that its outer packets come in by; nil if it is none, or they may come in by any.
    let below: String?

    /// - Parameters:
    ///   - index: the interface's.
    ///   - links: all of its network namespace. Devices that are down are no tunnels: the kernel makes some by itself.
    ///   - elsewhere: tunnels of other network namespaces whose outer packets are of this one.
    init(of index: UInt32, among links: [NetworkLink], elsewhere: [NetworkLink] = []) {
        let survey = Survey(links)
        let ownEnds = survey.link(index)?.tunnel
        own = ownEnds?.kind
        below = ownEnds.flatMap(survey.below)?.name
        let reached = survey.reached(from: index)
        let isAddressed = links.contains { reached.contains($0.index) && !$0.addresses.isEmpty && !$0.isLoopback }
        let others = links.filter { $0.index != index }.map { ($0, false) } + elsewhere.map { ($0, true) }
        var (certain, possible): ([Tunnel], [Tunnel]) = ([], [])
        for (link, isElsewhere) in others where link.isUp {
            guard let ends = link.tunnel, ends.isHere else { continue }
            let tunnel = Tunnel(name: link.name, kind: ends.kind, isElsewhere: isElsewhere)
            if let below = survey.below(ends) {
                if reached.contains(below.index) { certain.append(tunnel) }
            } else if isAddressed, ownEnds == nil {
                possible.append(tunnel)
            }
        }
        above = certain
        perhapsAbove = possible
    }

    /// Links by what they say of each other.
    private struct Survey {
        let links: [NetworkLink]

        init(_ links: [NetworkLink]) { self.links = links }

        func link(_ index: UInt32) -> NetworkLink? { links.first { $0.index == index } }

        /// What tells most comes first: the interface that a tunnel is bound to, the one that has its address, the one by
        /// which its other end is reached. An address of a loopback interface is reached by any.
        func below(_ ends: TunnelEnds) -> NetworkLink? {
            guard ends.isHere else { return nil }
            if let lower = ends.lower { return link(lower) }
            if let local = ends.local {
                return links.first { $0.addresses.contains(local) && !$0.isLoopback && $0.kind != "dummy" }
            }
            return ends.towardsRemote.flatMap(link).flatMap { $0.isLoopback ? nil : $0 }
        }

        /// The interface, and those that its packets reach without leaving a tunnel: a master, a VLAN, a macvlan.
        func reached(from index: UInt32) -> Set<UInt32> {
            var reached: Set<UInt32> = [index]
            var news = [index]
            while let next = news.popLast() {
                var above = links.filter { $0.lower == next && $0.tunnel == nil && $0.kind != "veth" }.map(\.index)
                if let master = link(next)?.master { above.append(master) }
                news += above.filter { reached.insert($0).inserted }
            }
            return reached
        }
    }
}
