// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// A map with a name in a BPF file system.
public struct PinnedMap: Sendable, Hashable {
    /// As in the program's object; of its global variables, pktmeta and their section: pktmeta.bss.
    public let name: String
    public let path: FilePath

    package init(name: String, path: FilePath) {
        self.name = name
        self.path = path
    }
}
