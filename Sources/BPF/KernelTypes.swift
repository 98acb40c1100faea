// SPDX-License-Identifier: BSD-2-Clause

package import SystemPackage

/// What the running kernel has of some functions and structs, whatever its version says: by its BTF, without modules.
///
/// libbpf would keep that BTF as a whole, and twice while it reads it.
public struct KernelTypes: Sendable {
    private let found: [BTFTypes.Kind: Set<String>]

    /// Reads megabytes of the kernel's, and keeps which of the names are there.
    ///
    /// - Parameters:
    ///   - functions: names that ``hasFunction(_:)`` may be asked for.
    ///   - structs: names that ``hasStruct(_:)`` may be asked for.
    /// - Throws: what the file system says, as `noSuchFileOrDirectory` (ENOENT) under a kernel without BTF;
    ///   `invalidArgument` (EINVAL) if there are types of a kind that this version does not know.
    public init(functions: Set<String> = [], structs: Set<String> = []) throws(BPFError) {
        try self.init(functions: functions, structs: structs, in: "/sys/kernel/btf/vmlinux", windowSize: 1 << 16)
    }

    /// - Parameter windowSize: bytes of the file that are in memory at a time.
    package init(
        functions: Set<String>, structs: Set<String>, in path: FilePath, windowSize: Int
    ) throws(BPFError) {
        found = try BTFFile.read(path, windowSize: windowSize) { file in
            try file.names(among: [.function: functions, .structure: structs])
        }
    }

    public func hasFunction(_ name: String) -> Bool { found[.function, default: []].contains(name) }

    public func hasStruct(_ name: String) -> Bool { found[.structure, default: []].contains(name) }
}
