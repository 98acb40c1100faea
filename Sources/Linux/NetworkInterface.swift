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

    /// nil if there is none of that index.
    public init?(index: UInt32) {
        var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        // if_indextoname(3) writes at most IF_NAMESIZE bytes.
        guard unsafe if_indextoname(index, &buffer) != nil else { return nil }
        name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        self.index = index
    }
}
