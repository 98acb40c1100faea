// SPDX-License-Identifier: BSD-2-Clause

import CTestSupport
import Foundation
import Glibc
import Linux
import Synchronization
import SystemPackage

/// A terminal of a test's own, with the command in its foreground (pty(7)).
public final class PseudoTerminal: Sendable {
    private let controller: OwnedFD
    private let folder: ScratchFolder
    private let log: FilePath
    private let text = Mutex("")

    /// - Parameters:
    ///   - arguments: the command and its arguments.
    ///   - environment: added to that of this process: `NAME=value`.
    public init(_ arguments: [String], rows: UInt16, columns: UInt16, environment: [String] = []) throws {
        var name = [CChar](repeating: 0, count: 64)
        let raw = pseudo_terminal_open(&name, name.count)
        guard raw >= 0 else { throw Errno(rawValue: -raw) }
        controller = OwnedFD(raw)
        let terminal = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        folder = try ScratchFolder()
        log = folder.path.appending("status")
        resize(rows: rows, columns: columns)
        let words = (["env"] + environment + arguments).map { "'\($0)'" }.joined(separator: " ")
        // setsid --ctty: the terminal's keys and signals are the command's.
        let outcome = try ChildProcess.run([
            "sh", "-c",
            "(setsid --ctty --wait \(words) <\(terminal) >\(terminal) 2>\(log).errors; echo $? >\(log)) >&- 2>&- &",
        ])
        guard outcome.status == 0 else { throw Errno.badFileDescriptor }
    }

    public func resize(rows: UInt16, columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(controller.raw, UInt(TIOCSWINSZ), &size)
    }

    public func type(_ keys: String) { _ = write(controller.raw, keys, keys.utf8.count) }

    /// Sends a signal to the command; it is alone in the terminal's foreground.
    public func signal(_ number: CInt) throws {
        guard let foreground, kill(foreground, number) == 0 else { throw Errno.last }
    }

    /// The command's process; nil before it has started.
    public var foreground: Int32? {
        let group = tcgetpgrp(controller.raw)
        return group > 1 ? group : nil
    }

    /// All that was shown so far.
    public var transcript: String {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(controller.raw, &bytes, bytes.count)
            if count <= 0 { break }
            text.withLock { $0 += String(decoding: bytes[..<count], as: UTF8.self) }
        }
        return text.withLock { $0 }
    }

    /// What was shown since the screen was last drawn from its first line on.
    public var frame: String { transcript.components(separatedBy: "\u{1b}[H").last ?? "" }

    /// How the terminal treats what is typed and shown (termios(3)): its four words of flags.
    public var modes: [UInt32] {
        var modes = termios()
        tcgetattr(controller.raw, &modes)
        return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag]
    }

    /// The command's exit code, and what it wrote to its errors; nil while it runs.
    public var end: (status: Int, errors: String)? {
        guard let status = try? String(decoding: Fixture.bytes(log), as: UTF8.self), status.hasSuffix("\n") else {
            return nil
        }
        let errors = (try? String(decoding: Fixture.bytes(FilePath("\(log).errors")), as: UTF8.self)) ?? ""
        return (Int(status.dropLast()) ?? -1, errors)
    }
}
