// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import Synchronization

private let received = Atomic<CInt>(0)

/// Notes SIGINT, SIGTERM and SIGHUP instead of dying of them, so that whoever made something can remove it.
public enum Interruption {
    public static func watch() {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // A handler may only store to a lock-free atomic (signal-safety(7)).
            _ = Glibc.signal(signal) { received.store($0, ordering: .relaxed) }
        }
    }

    /// The signal that came; nil if none did.
    public static var signal: CInt? {
        let signal = received.load(ordering: .relaxed)
        return signal == 0 ? nil : signal
    }
}
