// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc

/// Waits until one of several things happens.
public enum EventWait {
    /// What there is to wait for at a descriptor.
    public struct Source: Sendable {
        let descriptor: CInt
        let events: Int16

        /// Something can be read.
        public static func readable(_ descriptor: CInt) -> Source {
            Source(descriptor: descriptor, events: Int16(POLLIN))
        }

        /// Something out of the ordinary, as of ``MountMonitor``.
        public static func exceptional(_ descriptor: CInt) -> Source {
            Source(descriptor: descriptor, events: Int16(POLLPRI))
        }
    }

    /// Waits, unless ``Interruption/signal`` has come or comes meanwhile: a signal that comes just before is not missed.
    ///
    /// - Returns: of each source, whether it happened; none after a signal.
    public static func wait(for sources: [Source]) -> [Bool] {
        var asked = sources.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        // poll(2) writes to as many pollfds as are counted.
        let count = unsafe linux_poll(&asked, UInt(asked.count)) { Interruption.signal == nil ? 0 : 1 }
        if count <= 0 { return asked.map { _ in false } }
        return asked.map { $0.revents != 0 }
    }
}
