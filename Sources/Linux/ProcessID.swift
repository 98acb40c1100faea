// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

public enum ProcessID {
    public static var current: Int32 { getpid() }

    /// The user whose files this process makes.
    public static var user: UInt32 { geteuid() }

    /// The user who started this process.
    public static var realUser: UInt32 { getuid() }

    /// Whether a process of that id exists, in whatever state.
    public static func isAlive(_ pid: Int32) -> Bool {
        kill(pid, 0) == 0 || errno == EPERM
    }
}

public enum Pause {
    /// Returns early if a signal comes.
    public static func sleep(milliseconds: UInt32) { usleep(milliseconds * 1000) }

    /// The same for up to a second, which is as long as usleep(3) promises.
    public static func sleep(for duration: Duration) {
        let parts = min(max(duration, .zero), .seconds(1)).components
        usleep(min(999_999, UInt32(parts.seconds) * 1_000_000 + UInt32(parts.attoseconds / 1_000_000_000_000)))
    }
}
