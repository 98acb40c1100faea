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
        /// What was asked was done, or some of it, and something that belongs to it was not.
        case unfinished
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
    /// What was done all the same, if some of it was.
    public var done: Done?

    /// What was done before something failed.
    public struct Done: Equatable, Sendable {
        /// As in "tenant is registered".
        public var text: String
        /// Of the field that was registered, if one was.
        public var id: FieldID?

        public init(text: String, id: FieldID? = nil) {
            self.text = text
            self.id = id
        }
    }

    public init(_ kind: Kind, _ summary: String, reason: String, remedy: String? = nil, details: String? = nil) {
        self.kind = kind
        self.summary = summary
        self.reason = reason
        self.remedy = remedy
        self.details = details
    }
}

extension PacketMetadataError {
    /// The same where what was asked was done, or some of it: whoever asked must not take it for undone.
    ///
    /// - Parameters:
    ///   - asked: the summary of what was asked.
    ///   - text: what was done, as in "tenant is registered".
    ///   - id: of the field that was registered, if one was.
    ///   - remedy: what finishes it.
    public func unfinished(_ asked: String, _ text: String, id: FieldID? = nil, remedy: String) -> PacketMetadataError {
        var error = self
        error.kind = .unfinished
        error.done = Done(text: text, id: id)
        error.summary = "\(text), but not all that goes with it is done"
        error.reason = summary == asked ? reason : "\(summary): \(reason)"
        error.remedy = remedy
        return error
    }

    /// The same where it kept from something else: that was what was asked.
    public func keeping(from summary: String) -> PacketMetadataError {
        if summary == self.summary { return self }
        var error = self
        error.summary = summary
        error.reason = "\(self.summary): \(reason)"
        return error
    }
}

extension PacketMetadataError: CustomStringConvertible {
    public var description: String {
        let message = "\(summary): \(reason)"
        return remedy.map { "\(message)\n  \($0)" } ?? message
    }
}
