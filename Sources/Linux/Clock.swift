// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

/// The kernel's clocks, in ns (clock_gettime(2)).
public enum Clock {
    /// Since 1970.
    public static var realtime: UInt64 { read(CLOCK_REALTIME) }
    /// Since boot, without time asleep: what `bpf_ktime_get_ns()` returns.
    public static var monotonic: UInt64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
