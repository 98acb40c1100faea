// SPDX-License-Identifier: BSD-2-Clause

/// What went wrong, for people and for programs.
///
/// ``kind`` decides the exit code; the three texts become the message: what was asked, why it failed (with the
/// kernel's own word, if it was the kernel), and what helps.
public struct PacketMetadataError: Error, Equatable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// The arguments contradict each other or the field's type.
        case usage
        /// An object, a pinned map or another input is not what it should be.
        case badData = "bad-data"
        /// No such field, interface or registry.
        case notFound = "not-found"
        /// The kernel or the driver cannot do it.
        case unsupported
        /// Something else holds the name, the space or the hook.
        case taken
        /// Someone else is at it; try again.
        case busy
        /// The process lacks a capability or a permission.
        case missingPrivilege = "missing-privilege"
        /// The registry has another ABI version.
        case incompatibleABI = "incompatible-abi"
        /// The system said something unexpected.
        case system
        /// A signal asked to stop.
        case interrupted
    }

    public var kind: Kind
    /// What was asked, as in "cannot register tenant".
    public var summary: String
    /// Why it failed.
    public var reason: String
    /// What the user can do, usually a command.
    public var remedy: String?
    /// The whole verifier log or other long evidence.
    public var details: String?

    public init(_ kind: Kind, _ summary: String, reason: String, remedy: String? = nil, details: String? = nil) {
        self.kind = kind
        self.summary = summary
        self.reason = reason
        self.remedy = remedy
        self.details = details
    }
}

extension PacketMetadataError: CustomStringConvertible {
    public var description: String {
        let message = "\(summary): \(reason)"
        return remedy.map { "\(message)\n  \($0)" } ?? message
    }
}
