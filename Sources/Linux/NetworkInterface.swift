// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// An interface of the network namespace that this thread is in.
public struct NetworkInterface: Sendable, Hashable {
    public let name: String
    public let index: UInt32

    /// - Throws: `noSuchDevice` (ENODEV) if there is none.
    public init(named name: String) throws(Errno) {
        let index = unsafe if_nametoindex(name)
        guard index != 0 else { throw Errno.last }
        self.name = name
        self.index = index
    }
}
