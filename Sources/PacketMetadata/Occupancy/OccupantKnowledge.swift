// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

extension HookOccupancy {
    /// What this process can find out about programs and links of which it has the numbers.
    struct Knowledge {
        private let programs: [UInt32: ProgramInformation]
        private let search: PinSearch
        private let ifindex: UInt32?

        /// - Parameters:
        ///   - ids: of all programs on the hook.
        ///   - ifindex: an interface on which one of them may be libxdp's dispatcher.
        ///   - isLink: whether a link is on the hook.
        init(
            programs ids: Set<UInt32>, dispatchersOf ifindex: UInt32? = nil, _ isLink: (LinkInformation) -> Bool
        ) {
            self.ifindex = ifindex
            let folderNames = ifindex.map { ifindex in Set(ids.map { Self.dispatcherFolder(ifindex, $0) }) } ?? []
            // An empty hook is no reason to open every pin of the machine.
            search =
                ids.isEmpty
                ? PinSearch.nothing
                : PinSearch(foldersNamed: folderNames) { object in
                    switch object {
                    case .program(let program): ids.contains(program.id)
                    case .link(let link): isLink(link)
                    case .map: false
                    }
                }
            var known: [UInt32: ProgramInformation] = [:]
            // The kernel tells CAP_SYS_ADMIN only; a pin tells whoever may open it.
            for id in ids { known[id] = try? ProgramInformation(id: id) }
            for case .program(let program) in search.found.map(\.object) { known[program.id] = program }
            programs = known
        }

        var hasAllPins: Bool { search.isComplete }

        /// Links on the hook that are pinned.
        var pinnedLinks: [LinkInformation] {
            let links = search.found.compactMap { pin -> LinkInformation? in
                if case .link(let link) = pin.object { link } else { nil }
            }
            return Array(Set(links))
        }

        func occupant(
            _ id: UInt32, _ mechanism: HookOccupant.Mechanism, mode: AttachmentMode? = nil, link: UInt32? = nil,
            filter: HookOccupant.Filter? = nil
        ) -> HookOccupant {
            let program = programs[id]
            let linkPins = search.found.filter { pin in
                if case .link(let pinned) = pin.object { pinned.id == link } else { false }
            }.map(\.path)
            let programPins = search.found.filter { pin in
                if case .program(let pinned) = pin.object { pinned.id == id } else { false }
            }.map(\.path)
            let folder = ifindex.flatMap { ifindex in
                search.folders.first { $0.lastComponent?.string == Self.dispatcherFolder(ifindex, id) }
            }
            // A program may be pinned by one and attached by another; a link is its owner's. pktmeta attaches by links and
            // filters only.
            let owned =
                switch mechanism {
                case .xdpNetlink, .tcxProgram: [FilePath]()
                default: link == nil ? programPins : linkPins
                }
            return HookOccupant(
                mechanism: mechanism, mode: mode, programID: id, programName: program?.name,
                loadedAt: program?.loadedAt, linkID: link, pins: linkPins + programPins,
                isDispatcher: program?.isLibxdpDispatcher ?? (folder != nil), dispatcherFolder: folder,
                registry: owned.lazy.compactMap(Self.registry).first, filter: filter)
        }

        /// As libxdp names it, in the folder `xdp` of a BPF file system (protocol.org in xdp-tools' lib/libxdp).
        private static func dispatcherFolder(_ ifindex: UInt32, _ id: UInt32) -> String { "dispatch-\(ifindex)-\(id)" }

        /// The registry that a pin is an attachment's of. A registry may lie above others' pins: in the root of the BPF file
        /// system, say.
        private static func registry(around pin: FilePath) -> FilePath? {
            var ancestor = pin
            while let name = ancestor.lastComponent?.string, ancestor.removeLastComponent() {
                guard name == RegistryPins.attachmentsName,
                    let pins = try? RegistryFolder(path: ancestor).open(for: .read)
                else { continue }
                if (try? pins.registry.exists()) == true, (try? pins.state.exists()) == true { return ancestor }
            }
            return nil
        }
    }
}
