// SPDX-License-Identifier: BSD-2-Clause

/// What is said of the mode in which programs of a hook are attached: a mode of the hook, or `auto`.
public struct ModeChoice: Sendable, Hashable {
    /// nil for the best that there is.
    public let mode: AttachmentMode?

    /// The best that there is.
    public static let auto = ModeChoice(mode: nil)

    private init(mode: AttachmentMode?) { self.mode = mode }

    /// - Returns: nil if the text names no mode of the hook.
    public init?(_ text: String, of hook: Hook) {
        if text == Self.auto.text {
            self = .auto
            return
        }
        guard let mode = hook.modes.first(where: { $0.rawValue == text }) else { return nil }
        self.mode = mode
    }

    /// How the choices for a hook are written.
    public static func words(of hook: Hook) -> [String] { [auto.text] + hook.modes.map(\.rawValue) }

    /// As it is read.
    public var text: String { mode?.rawValue ?? "auto" }
}
