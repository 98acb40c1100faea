// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// A change that was made: to a registry, or to what it has attached.
///
/// Whoever opens a registry for writing can have each change told, right behind the point from which on others see it:
/// also those that a command makes beside what it was asked, and those of a command that fails in the end.
public struct RegistryChange: Sendable, Equatable {
    /// The registry's folder of pins, as it is called in the mount namespace of the first process if it lies there; nil if
    /// it is not known any more.
    public let registry: FilePath?
    public let event: Event

    public enum Event: Sendable, Equatable {
        /// A BPF file system was mounted, for a registry to be made in.
        case mounted(FilePath)
        /// With so many bytes in front of each packet.
        case created(capacity: Int)
        /// Packets get areas of so many bytes, with another seal.
        case resized(capacity: Int)
        case accessChanged(PinAccess)
        case statisticsChanged(Statistics)
        case registered(RegisteredField)
        /// What is counted and seen of the field began anew.
        case stateReset(RegisteredField)
        /// What is counted of areas began anew.
        case areasReset
        case unregistered(RegisteredField)
        /// To another place in front of the packet.
        case moved(RegisteredField)
        /// A hook has another program than before, or in another order; never ``AttachmentReport/Outcome/unchanged``.
        case attachment(AttachmentReport)
        /// The same, for as long as this process lives and no longer.
        case held(AttachmentReport)
        /// A program was pinned that picks sockets by a field, or opened to a group; nil: for the owner only.
        case steeringCreated(String, RegisteredField, sockets: Int, group: UInt32?)
        case steeringDeleted(String)
        /// What a killed process had begun was finished or taken back, in words.
        case finished(String)
        /// What made no sense was put right: an entry was unregistered.
        case cleared(RegistryProblem)
        /// A part of a change was made, and the rest was not.
        case unfinished(PacketMetadataError)
        case deleted
        /// What was left of pktmeta without a registry is gone, in words.
        case removed(String)
    }
}
