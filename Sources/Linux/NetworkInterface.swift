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

    /// Whether packets can be sent: it is up, has a carrier, and the kernel has taken note of both (IFF_RUNNING).
    public func isRunning() throws(Errno) -> Bool {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        let socket = OwnedFD(raw)
        let flags = try check(unsafe linux_interface_flags(socket.raw, name))
        return flags & CInt(IFF_RUNNING) != 0
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
