// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// The terminal that this process's standard descriptors are, if they are one.
public enum Terminal {
    public struct Size: Sendable, Hashable {
        public let rows: Int
        public let columns: Int

        public init(rows: Int, columns: Int) {
            self.rows = rows
            self.columns = columns
        }
    }

    /// Of the standard output (TIOCGWINSZ of ioctl_tty(2)); nil if it is no terminal, or one that does not say how wide it
    /// is. One that does not say how high, as of script(1) without a keyboard, is taken for usual.
    public static var size: Size? {
        var size = winsize()
        // The kernel writes one struct winsize.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Size(rows: size.ws_row > 0 ? Int(size.ws_row) : usualRows, columns: Int(size.ws_col))
    }

    private static let usualRows = 24

    public static var hasKeyboard: Bool { isatty(STDIN_FILENO) == 1 }

    /// Waits for keys, a signal, a new size or the end of the time.
    ///
    /// - Returns: the bytes of what was typed; empty if nothing was.
    public static func keys(within timeout: Duration) -> [UInt8] {
        let parts = timeout.components
        let milliseconds = max(0, parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000)
        var poll = pollfd(fd: hasKeyboard ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0)
        guard unsafe Glibc.poll(&poll, 1, CInt(clamping: milliseconds)) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(STDIN_FILENO, &bytes, bytes.count)
        // The end of the input is what a terminal gives that was hung up: as good as the key that quits.
        return count > 0 ? Array(bytes[..<count]) : [endOfTransmission]
    }

    public static let endOfTransmission: UInt8 = 4

    /// Makes ``keys(within:)`` return when the terminal takes another size (SIGWINCH).
    public static func watchSize() {
        _ = Glibc.signal(SIGWINCH) { _ in }
    }

    /// Stops this process and what it runs with, as the terminal does on Ctrl-Z, until somebody goes on with it.
    public static func suspend() { _ = kill(0, SIGTSTP) }
}

/// A keyboard that gives each key as it is typed, also those that usually raise signals, and does not show them; as it
/// was when this value ends.
public struct RawKeyboard: ~Copyable {
    private let before: termios

    public init() throws(Errno) {
        var mode = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &mode) == 0 else { throw Errno.last }
        let original = mode
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        mode.c_iflag &= ~tcflag_t(IXON)
        guard unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode) == 0 else { throw Errno.last }
        before = original
    }

    deinit {
        var mode = before
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode)
    }
}
