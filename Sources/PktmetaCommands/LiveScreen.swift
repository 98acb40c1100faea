// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel
internal import SystemPackage

/// A text that is shown in place of the one before, on a terminal that is afterwards as it was (ECMA-48, and the
/// alternate screen of xterm).
struct LiveScreen: ~Copyable {
    enum Key {
        case quit, pause, sort, reverse, other
    }

    private let context: Context
    private var keyboard: RawKeyboard?
    private var typed = TypedKeys()
    private var lines: [Substring] = []
    private var status = ""
    /// The first line that is shown.
    private var top = 0

    private static let enter = "\u{1b}[?1049h\u{1b}[?25l"
    private static let leave = "\u{1b}[?25h\u{1b}[?1049l"

    init(_ context: Context) throws(PacketMetadataError) {
        self.context = context
        Terminal.watchSize()
        keyboard = try Self.keyboard()
        context.bytes(Array(Self.enter.utf8))
    }

    /// Whether there is somebody to type: the input may be another than the terminal.
    var hasKeyboard: Bool { keyboard != nil }

    deinit { context.bytes(Array(Self.leave.utf8)) }

    private static func keyboard() throws(PacketMetadataError) -> RawKeyboard? {
        guard Terminal.hasKeyboard else { return nil }
        do throws(Errno) {
            return try RawKeyboard()
        } catch {
            throw PacketMetadataError(CommandRefusal.noSingleKeys(error)).keeping(from: .watch(interfaces: []))
        }
    }

    /// - Parameter status: one line, at the bottom.
    mutating func show(_ text: String, status: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        self.status = status
        draw()
    }

    private var rows: Int { max(2, context.terminalSize()?.rows ?? 24) }

    private mutating func draw() {
        let room = rows - 1
        top = max(0, min(top, lines.count - room))
        let shown = lines.dropFirst(top).prefix(room)
        let more = lines.count - top - shown.count
        let note = (more > 0 ? "\(more) lines more below; " : "") + status
        var frame = "\u{1b}[H"
        let display = context.display
        // A line that wraps would push the others off the screen.
        for line in shown { frame += display.cut(painted: line, to: display.width ?? 80) + "\u{1b}[K\r\n" }
        frame += "\u{1b}[J\u{1b}[\(rows);1H"
        frame += display.paint(display.cut(note, to: display.width ?? 80), .dim) + "\u{1b}[K"
        context.bytes(Array(frame.utf8))
    }

    /// How long the rest of a key may take that sends several bytes.
    private static let patience = Duration.milliseconds(50)

    /// Waits for a key; those that scroll and suspend are seen to here.
    mutating func key(within timeout: Duration) -> Key {
        if typed.isEmpty { typed.append(Terminal.keys(within: timeout)) }
        if typed.isPartial { typed.append(Terminal.keys(within: Self.patience)) }
        switch typed.next() {
        case "": return .other  // also a new size: what follows draws anew
        case "q", "Q", "\u{1b}", "\u{3}", "\u{4}", "\u{1c}": return .quit
        case " ": return .pause
        case "s": return .sort
        case "r": return .reverse
        case "k", "\u{1b}[A", "\u{1b}OA": scroll(by: -1)
        case "j", "\u{1b}[B", "\u{1b}OB": scroll(by: 1)
        case "\u{1b}[5~": scroll(by: 1 - rows)
        case "\u{1b}[6~": scroll(by: rows - 1)
        case "g", "\u{1b}[H": scroll(by: -lines.count)
        case "G", "\u{1b}[F": scroll(by: lines.count)
        case "\u{1a}": suspend()
        default: break
        }
        return .other
    }

    private mutating func scroll(by rows: Int) { top = max(0, top + rows) }

    private mutating func suspend() {
        keyboard = nil
        context.bytes(Array(Self.leave.utf8))
        Terminal.suspend()
        keyboard = try? Self.keyboard()
        context.bytes(Array(Self.enter.utf8))
    }
}
