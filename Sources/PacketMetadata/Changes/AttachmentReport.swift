// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// What came of attaching a program to a hook, or of detaching it.
public struct AttachmentReport: Sendable, Hashable {
    public enum Outcome: String, Sendable {
        case attached, replaced
        /// The same program, with the maps that it had, at another place among those of its hook.
        case moved
        case unchanged, detached
    }

    /// With its network namespace by name, if `ip netns` has one.
    public let place: HookPlace
    public let hook: Hook
    /// Its name in the object.
    public let program: String
    public let mode: AttachmentMode
    public let outcome: Outcome
    /// What is not as it was asked for first, and why; empty if all is.
    public let fallbacks: [Fallback]

    /// The interface's name; nil of another hook.
    public var interface: String? { place.interface }

    /// Why something is not as it was asked for first.
    public enum Fallback: Sendable, Hashable {
        /// The driver cannot be asked for hardware fields, so the program leaves them out.
        case driverNotAsked(PacketMetadataError)
        /// The driver does not take the program in native mode.
        case notNative(InterfaceRefusal)
        /// The kernel has no TCX.
        case noTCX
        /// The user's own program has the hook, which is left to it.
        case leftToOwn
    }
}

extension AttachmentReport {
    /// The same program at the end of its time.
    var detached: AttachmentReport {
        AttachmentReport(
            place: place, hook: hook, program: program, mode: mode, outcome: .detached, fallbacks: [])
    }
}
