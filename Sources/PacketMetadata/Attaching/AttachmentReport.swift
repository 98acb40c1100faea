// SPDX-License-Identifier: BSD-2-Clause

/// What came of attaching a program to a hook, or of detaching it.
public struct AttachmentReport: Sendable, Hashable {
    public enum Outcome: String, Sendable {
        case attached, replaced, unchanged, detached
    }

    public let interface: String
    public let hook: Hook
    /// Its name in the object.
    public let program: String
    public let mode: AttachmentMode
    public let outcome: Outcome
    /// The mode is not the one asked for first, and why.
    public let fallback: String?
}
