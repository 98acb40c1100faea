// SPDX-License-Identifier: BSD-2-Clause

package import SystemPackage

/// What the running kernel calls the values of one of its enumerations, by its BTF, without modules.
public struct KernelEnumeration: Sendable {
    /// Names by values.
    public let names: [UInt32: String]

    /// Reads megabytes of the kernel's, and keeps the enumeration's names: none if there is no such enumeration.
    ///
    /// - Parameter name: of an enumeration of 4 bytes.
    /// - Throws: as ``KernelTypes``.
    public init(named name: String) throws(BPFError) {
        try self.init(named: name, in: "/sys/kernel/btf/vmlinux", windowSize: 1 << 16)
    }

    /// - Parameter windowSize: bytes of the file that are in memory at a time.
    package init(named name: String, in path: FilePath, windowSize: Int) throws(BPFError) {
        names = try BTFFile.read(path, windowSize: windowSize) { file in try file.enumerators(of: name) }
    }
}
