// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

public enum ProcessID {
    public static var current: Int32 { getpid() }

    /// Whether a process of that id exists, in whatever state.
    public static func isAlive(_ pid: Int32) -> Bool {
        kill(pid, 0) == 0 || errno == EPERM
    }
}

public enum Pause {
    /// Returns early if a signal comes.
    public static func sleep(milliseconds: UInt32) { usleep(milliseconds * 1000) }
}
