// SPDX-License-Identifier: BSD-2-Clause

import Linux
import RegistryModel

@testable import PacketMetadata

extension ProgramLoader {
    /// Loads the program of that name, or the only one for the hook.
    func load(
        _ name: String?, for hook: Hook, in registry: borrowing Registry, maps: FolderEntry? = nil
    ) throws(PacketMetadataError) -> LoadedProgram {
        try load(inspect(name, for: hook), in: registry, Terms(maps: maps.map { .folder($0) } ?? .new))
    }
}
