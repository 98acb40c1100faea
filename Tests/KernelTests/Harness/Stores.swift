// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage

@testable import PacketMetadata

extension AttachmentStore {
    /// Of the registry at a path, for a test to look at.
    init(of path: FilePath) throws {
        self.init(try RegistryFolder(path: path).open(for: .write))
    }
}
