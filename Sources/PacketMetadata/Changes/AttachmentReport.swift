// SPDX-License-Identifier: BSD-2-Clause

/// What came of attaching a program to a hook, or of detaching it.
public struct AttachmentReport: Sendable, Hashable {
    public enum Outcome: String, Sendable {
        case attached, replaced
        /// The same program, with the maps that it had, at another place among those of its hook.
        case moved
        case unchanged, detached
    }

    public let interface: String
    /// The interface's; by its name, if `ip netns` has one.
    public let namespace: NamespaceLabel
    public let hook: Hook
    /// Its name in the object.
    public let program: String
    public let mode: AttachmentMode
    public let outcome: Outcome
    /// What is not as it was asked for first, such as the mode, and why.
    public let fallback: String?
}

extension AttachmentReport {
    /// The same program at the end of its time.
    var detached: AttachmentReport {
        AttachmentReport(
            interface: interface, namespace: namespace, hook: hook, program: program, mode: mode, outcome: .detached,
            fallback: nil)
    }
}
