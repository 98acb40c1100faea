// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// What was done although something that belongs to it was refused.
public enum Done: Hashable, Sendable {
    case registered(RegisteredField, in: FilePath)
    case unregistered(FieldName, from: FilePath)
    /// Fields of which some are where they were to go.
    case moved([FieldName], in: FilePath)
    /// Some of several fields.
    case changedFields(registered: [FieldName], unregistered: [FieldName], FilePath)
    /// Some of a declaration: so many settings of the registry, fields, and so many programs attached, replaced, moved or
    /// detached.
    case declaredInPart(settings: Int, registered: [FieldName], unregistered: [FieldName], programs: Int, FilePath)
    /// Packets have areas of that many bytes, as programs are loaded for it.
    case resized(Int, FilePath)
    case created(FilePath)
    /// Some pins of the registry have the access that was asked for.
    case setAccess(FilePath)
    /// What is counted of these fields began anew, and not yet what is seen of them.
    case resetCounters([FieldName], in: FilePath)
    /// Programs that are loaded from now on take these.
    case setStatistics(Statistics, FilePath)
    case deletedSteering(String, from: FilePath)
    /// It has no sockets any more, and its pins are there.
    case emptiedSteering(String, in: FilePath)
    /// Some of a registry's attachments are detached, to remove it, and steerings of these names deleted.
    case detachedForRemoval(Int, of: Int, steerings: [String], FilePath)
    /// The programs that were asked for are attached if any were, and so many of those that were to go are detached.
    case attached(hasAttached: Bool, detached: Int, of: Int)
    /// Attaching failed, and some of what was attached by then could not be taken back.
    case attachedInPart(places: [String], FilePath)
    /// Fields that were missing are registered, and what they were registered for failed.
    case registeredMissing([FieldName])

    /// Of the field that was registered, if one was.
    public var id: FieldID? {
        if case .registered(let field, _) = self { field.id } else { nil }
    }
}
