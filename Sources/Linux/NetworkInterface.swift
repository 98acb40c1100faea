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

    /// - Throws: `noSuchDeviceOrAddress` (ENXIO) if there is none.
    public init(index: UInt32) throws(Errno) {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        // if_indextoname(3) writes a C string of at most that many bytes.
        guard unsafe if_indextoname(index, &name) != nil else { throw Errno.last }
        self.init(
            name: String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self), index: index)
    }

    /// Those of the namespace, by index.
    public static func all() throws(Errno) -> [NetworkInterface] {
        guard let list = unsafe if_nameindex() else { throw Errno.last }
        defer { unsafe if_freenameindex(list) }
        var interfaces: [NetworkInterface] = []
        var next = unsafe list
        // The list ends with an index of 0; names are C strings that live as long as it (if_nameindex(3)).
        while unsafe next.pointee.if_index != 0, let name = unsafe next.pointee.if_name {
            interfaces.append(
                unsafe NetworkInterface(name: String(cString: name), index: next.pointee.if_index))
            unsafe next += 1
        }
        return interfaces
    }

    private init(name: String, index: UInt32) {
        self.name = name
        self.index = index
    }

    public func isLoopback() throws(Errno) -> Bool { try flags() & CInt(IFF_LOOPBACK) != 0 }

    /// Whether packets can be sent: it is up, has a carrier, and the kernel has taken note of both (IFF_RUNNING).
    public func isRunning() throws(Errno) -> Bool { try flags() & CInt(IFF_RUNNING) != 0 }

    private func flags() throws(Errno) -> CInt {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        let socket = OwnedFD(raw)
        return try check(unsafe linux_interface_flags(socket.raw, name))
    }

    /// Waits until it is; a packet sent before is dropped without a word.
    public func waitUntilRunning(timeout: Duration) throws(Errno) {
        let deadline = ContinuousClock.now + timeout
        while try !isRunning() {
            guard ContinuousClock.now < deadline else { throw .timedOut }
            usleep(2000)
        }
    }
}
