// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

/// Local times of day. Those of one second, which most follow each other in, ask the time zone once.
final class TimeOfDay {
    private var second: UInt64 = .max
    private var secondText = ""

    /// `HH:MM:SS.uuuuuu`.
    ///
    /// - Parameter time: CLOCK_REALTIME, ns.
    func text(_ time: UInt64) -> String {
        let (second, nanoseconds) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
        if second != self.second { (self.second, secondText) = (second, Self.text(ofSecond: second)) }
        return secondText + Self.digits(Int(nanoseconds / 1000), 6)
    }

    private static func text(ofSecond second: UInt64) -> String {
        var seconds = time_t(second)
        // A struct of numbers and a name of the zone, which is not read.
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        return unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }.joined(separator: ":")
            + "."
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`, in UTC.
    static func dated(second: UInt64) -> String {
        var seconds = time_t(second)
        // As above.
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        let date = unsafe [(parts.tm_year + 1900, 4), (parts.tm_mon + 1, 2), (parts.tm_mday, 2)]
        let time = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
        return date.map { digits(Int($0), $1) }.joined(separator: "-") + "T"
            + time.map { digits(Int($0), 2) }.joined(separator: ":") + "Z"
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
