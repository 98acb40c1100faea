// SPDX-License-Identifier: BSD-2-Clause

import RegistryModel
import SystemPackage

@testable import PacketMetadata

extension ProgramLoader {
    /// Loads the program of that name, or the only one for the hook.
    func load(
        _ name: String?, for hook: Hook, in registry: borrowing Registry, maps: FilePath? = nil
    ) throws(PacketMetadataError) -> Loaded {
        try load(inspect(name, for: hook), in: registry, Terms(maps: maps))
    }
}
