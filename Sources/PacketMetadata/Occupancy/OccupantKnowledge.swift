// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

extension HookOccupancy {
    /// What this process can find out about programs and links of which it has the numbers.
    struct Knowledge {
        private let programs: [UInt32: ProgramInformation]
        private let survey: HostSurvey
        private let ifindex: UInt32?
        /// An empty hook is no reason to open every pin of the machine.
        private let isEmpty: Bool

        /// - Parameters:
        ///   - ids: of all programs on the hook.
        ///   - ifindex: an interface on which one of them may be libxdp's dispatcher.
        init(programs ids: Set<UInt32>, dispatchersOf ifindex: UInt32? = nil, _ survey: HostSurvey) {
            self.ifindex = ifindex
            self.survey = survey
            isEmpty = ids.isEmpty
            var known: [UInt32: ProgramInformation] = [:]
            for id in ids {
                // The kernel tells CAP_SYS_ADMIN only; a pin tells whoever may open it.
                known[id] = survey.program(id) ?? (try? ProgramInformation(id: id))
            }
            programs = known
        }

        var hasAllPins: Bool { isEmpty || survey.hasAllPins }

        func occupant(
            _ id: UInt32, _ mechanism: HookOccupant.Mechanism, mode: AttachmentMode? = nil, link: UInt32? = nil,
            filter: HookOccupant.Filter? = nil
        ) -> HookOccupant {
            let program = programs[id]
            let linkPins = link.map { survey.pins(ofLink: $0) } ?? []
            let programPins = survey.pins(ofProgram: id, heldBy: linkPins)
            let folder = ifindex.flatMap { survey.dispatcherFolder(ifindex: $0, program: id) }
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
