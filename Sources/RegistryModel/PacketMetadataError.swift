// SPDX-License-Identifier: BSD-2-Clause

/// That something was not done, or not all of it: what was asked, and why not, as values to switch over.
///
/// ``kind`` says roughly what is wrong, and decides the command's exit code. ``refusal`` says it exactly, with the data:
/// each part of the library has an enum of its refusals, such as ``FieldRefusal``. Words for people are the command
/// line's affair.
public struct PacketMetadataError: Error, Sendable {
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
        /// What was asked for could not be written to the file or the output that it was meant for.
        case output
        /// The system said something unexpected.
        case system
        /// A signal asked to stop.
        case interrupted
    }

    /// What was asked; nil if whoever asked has not said it yet.
    public var action: Action?
    /// What was being done for the action as it was refused, the outermost first; none if it was the action itself.
    public var steps: [Action] = []
    /// Why it was refused.
    public var refusal: any Refusal
    /// What was done all the same, if some of it was.
    public var done: Done?

    public init(_ refusal: any Refusal) { self.refusal = refusal }

    /// Of the refusal; ``Kind/unfinished`` if something was done: whoever asked must not take it for undone.
    public var kind: Kind { done == nil ? refusal.kind : .unfinished }
}

extension PacketMetadataError: Hashable {
    public static func == (one: PacketMetadataError, other: PacketMetadataError) -> Bool {
        (one.action, one.done) == (other.action, other.done) && one.steps == other.steps
            && one.refusal.isSame(as: other.refusal)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(action)
        refusal.hash(into: &hasher)
    }
}

/// For those who develop: the names of the cases, with their data.
extension PacketMetadataError: CustomStringConvertible {
    public var description: String {
        let actions = [action].compactMap(\.self) + steps
        return (actions.map { "\($0)" } + ["\(refusal)"]).joined(separator: ": ")
    }
}

/// Why something is refused: each part of the library has an enum of these, whose cases carry data and no sentences.
public protocol Refusal: Hashable, Sendable {
    var kind: PacketMetadataError.Kind { get }
}

extension Refusal {
    fileprivate func isSame(as other: any Refusal) -> Bool { other as? Self == self }
}

// MARK: - What was asked

/// Does something that was asked for, and has its errors say so, unless they say more exactly what was refused.
///
/// - Parameters:
///   - action: what was asked.
///   - body: does it.
package func doing<Value: ~Copyable>(
    _ action: @autoclosure () -> Action, _ body: () throws(PacketMetadataError) -> Value
) throws(PacketMetadataError) -> Value {
    do throws(PacketMetadataError) {
        return try body()
    } catch {
        var error = error
        error.action = error.action ?? action()
        throw error
    }
}

extension PacketMetadataError {
    /// The same where what it is about was a step to something else, which is what was asked.
    package func keeping(from action: Action) -> PacketMetadataError {
        var error = self
        if let step = self.action, step != action { error.steps.insert(step, at: 0) }
        error.action = action
        return error
    }

    /// The same where what was asked was done, or some of it.
    package func unfinished(_ action: Action, _ done: Done) -> PacketMetadataError {
        var error = keeping(from: action)
        error.done = done
        return error
    }
}
