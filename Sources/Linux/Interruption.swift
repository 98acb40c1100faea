// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
internal import Synchronization

private let received = Atomic<CInt>(0)

/// Notes SIGINT, SIGTERM and SIGHUP instead of dying of them, so that whoever made something can remove it.
public enum Interruption {
    /// From now on. SIGHUP stays ignored if it is: nohup(1) asks for that. SIGINT does not: shells ignore it for what a
    /// script runs in the background, and the script may send it all the same.
    public static func watch() {
        for signal in [SIGINT, SIGTERM, SIGHUP] where signal != SIGHUP || linux_is_ignored(signal) == 0 {
            // A handler may only store to a lock-free atomic (signal-safety(7)).
            _ = Glibc.signal(signal) { received.store($0, ordering: .relaxed) }
        }
    }

    /// Whether SIGHUP came, for those whom it asks for something else than to stop: then it is as if it had not.
    public static func takeHangUp() -> Bool {
        received.compareExchange(expected: SIGHUP, desired: 0, ordering: .relaxed).exchanged
    }

    /// The signal that came; nil if none did.
    public static var signal: CInt? {
        let signal = received.load(ordering: .relaxed)
        return signal == 0 ? nil : signal
    }
}
