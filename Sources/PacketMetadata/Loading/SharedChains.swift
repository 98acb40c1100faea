// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// Programs that one command loads once for all attachments that would have programs alike.
///
/// Shared are programs that keep nothing: of those with maps of their own, each attachment has its own. Nor are those of
/// filters shared, which are known by their program, nor those that are bound to an interface.
final class SharedChains {
    /// Where an attachment is that may share: of each place, one at most has the same program.
    ///
    /// At TCX, in netfilter and in a cgroup a place is a hook: the kernel takes a program only once at TCX. In XDP it is an index of an interface, in whatever
    /// network namespace: the kernel does not tell by which link an interface has a program, but a link tells the index.
    struct Place: Hashable {
        private let site: HookSite
        /// Nothing but an interface's XDP hook goes by a program's number.
        private let hook: Hook?

        init(_ point: HookPoint) {
            if point.hook == .xdp, case .interface(_, let ifindex) = point.site {
                site = .interface(netnsCookie: 0, ifindex: ifindex)
                hook = nil
            } else {
                site = point.site
                hook = point.hook
            }
        }
    }

    /// Of whoever would load a chain.
    struct Share {
        let chains: SharedChains
        let place: Place
    }

    /// What makes programs alike that are loaded for the same registry.
    struct Likeness: Equatable {
        private struct Program: Equatable {
            let hook: Hook
            let name: String
            let image: RegistryImage
            let constants: [String: [UInt8]]
            let entries: [String: Int]
            let object: ObjectFile
            /// Who declares it, which the record of each attachment has.
            let owner: String
        }

        private let mode: AttachmentMode
        private let hasEthernetHeader: Bool
        private let programs: [Program]

        /// - Returns: nil if they are not to be shared.
        init?(_ entries: [ChainLoader.Entry], _ mode: AttachmentMode, hasEthernetHeader: Bool) {
            let specs = entries.map(\.spec)
            guard mode != .clsact, specs.allSatisfy({ !$0.asksDevice && !$0.program.hasOwnMaps }) else { return nil }
            self.mode = mode
            self.hasEthernetHeader = hasEthernetHeader
            programs = specs.map {
                Program(
                    hook: $0.hook, name: $0.name, image: $0.image, constants: $0.constants, entries: $0.entries,
                    object: $0.object, owner: $0.owner)
            }
        }
    }

    private var loaded: [(likeness: Likeness, chain: LoadedChain, places: Set<Place>)] = []

    /// Programs of this likeness that nobody at the place has yet: loaded before, or now.
    func chain(
        _ likeness: Likeness, at place: Place, load: () throws(PacketMetadataError) -> LoadedChain
    ) throws(PacketMetadataError) -> LoadedChain {
        if let index = loaded.firstIndex(where: { !$0.places.contains(place) && $0.likeness == likeness }) {
            loaded[index].places.insert(place)
            return loaded[index].chain
        }
        let chain = try load()
        loaded.append((likeness, chain, [place]))
        return chain
    }
}
