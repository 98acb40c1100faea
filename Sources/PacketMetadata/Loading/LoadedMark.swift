// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// What says of a program, as long as the kernel has it, that pktmeta has loaded it to attach it, and for which registry.
///
/// Names of programs do not: they are their authors'. Nor do maps that a program uses: programs of other loaders may use
/// a registry too, and programs with bound access need no map. So pktmeta binds two maps to each program that it loads: one
/// of a name of its own, and the registry's.
enum LoadedMark {
    static func put(on program: borrowing BPFProgram, of registry: borrowing Registry) throws(BPFError) {
        let mark = try BPFMap(creating: PKTMETA_LOADED_MAP, .init(kind: .array, valueSize: 4, entries: 1))
        try mark.update(at: 0, encode(UInt32(PKTMETA_ABI_VERSION)))
        try program.bind(mark)
        try program.bind(registry.fieldsMap)
    }

    /// What the kernel says of its programs' maps.
    struct Reader {
        private let marks: Set<UInt32>
        /// Numbers of all registries' maps.
        let registries: Set<UInt32>

        /// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN.
        init() throws(BPFError) {
            var (marks, registries): (Set<UInt32>, Set<UInt32>) = ([], [])
            try forEachMap(named: PKTMETA_LOADED_MAP, PKTMETA_REGISTRY_MAP) { (map) throws(BPFError) in
                if map.name == PKTMETA_LOADED_MAP { marks.insert(map.id) } else { registries.insert(map.id) }
            }
            (self.marks, self.registries) = (marks, registries)
        }

        /// - Returns: nil if the program has no registry's map.
        func use(ofProgram id: UInt32) throws(BPFError) -> Use? {
            let maps: Set<UInt32>
            do throws(BPFError) {
                maps = Set(try BPFProgram(id: id).mapIDs)
            } catch {
                if error.errno == .noSuchFileOrDirectory { return nil }  // it went meanwhile
                throw error
            }
            let used = maps.intersection(registries)
            return used.isEmpty ? nil : Use(registries: used, isLoadedByPktmeta: !maps.isDisjoint(with: marks))
        }

        /// Whether pktmeta has loaded a program for a registry.
        ///
        /// - Parameter map: the number of the registry's map.
        func isLoaded(_ program: UInt32, for map: UInt32) throws(BPFError) -> Bool {
            guard let use = try use(ofProgram: program) else { return false }
            return use.isLoadedByPktmeta && use.registries.contains(map)
        }
    }

    struct Use {
        /// Numbers of the registries' maps.
        let registries: Set<UInt32>
        let isLoadedByPktmeta: Bool
    }
}
