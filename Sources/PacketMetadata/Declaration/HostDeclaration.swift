// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// What a host is to have for one registry, in names: what documents declare, and what ``HostPlan`` compares with what is.
public struct HostDeclaration: Sendable, Hashable {
    public var registry: RegistryDeclaration
    /// Who declares, each once, in the order of the documents: nothing of anybody else ever goes.
    public var owners: [String]
    /// In the order of the documents, in which new ones get their places.
    public var fields: [FieldDeclaration]
    /// In the order of the documents, in which programs of one hook run.
    public var attachments: [AttachmentDeclaration]
    /// Where fields are to lie, and which ids they are to have; empty if that is left to the registry.
    public var layout: [PlacedField]

    public init(
        registry: RegistryDeclaration = RegistryDeclaration(), owners: [String] = [], fields: [FieldDeclaration] = [],
        attachments: [AttachmentDeclaration] = [], layout: [PlacedField] = []
    ) {
        self.registry = registry
        self.owners = owners
        self.fields = fields
        self.attachments = attachments
        self.layout = layout
    }
}

/// Where in a document something is declared.
public struct DocumentPlace: Sendable, Hashable, CustomStringConvertible {
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1, in characters.
    public let column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `/etc/pktmeta.d/10-acme.yaml:3:5`
    public var description: String { "\(file):\(line):\(column)" }
}

/// The registry itself. Of what is nil, an existing registry stays as it is, and a new one gets the default.
public struct RegistryDeclaration: Sendable, Hashable {
    /// Its folder of pins.
    public var path: FilePath?
    /// Bytes of a packet's area.
    public var capacity: Int?
    public var statistics: Statistics?
    /// Who may read it.
    public var access: PinAccess?

    public init(
        path: FilePath? = nil, capacity: Int? = nil, statistics: Statistics? = nil, access: PinAccess? = nil
    ) {
        self.path = path
        self.capacity = capacity
        self.statistics = statistics
        self.access = access
    }
}

/// A field.
public struct FieldDeclaration: Sendable, Hashable {
    /// With the owner of the document.
    public let definition: FieldDefinition
    /// Of a field that drivers fill: whether an interface whose driver cannot is refused; else it is told.
    public let requiresHardware: Bool
    /// The owners of further documents that declare it alike.
    public let alsoDeclaredBy: [String]
    public let place: DocumentPlace

    public init(
        _ definition: FieldDefinition, requiresHardware: Bool = false, alsoDeclaredBy: [String] = [],
        at place: DocumentPlace
    ) {
        self.definition = definition
        self.requiresHardware = requiresHardware
        self.alsoDeclaredBy = alsoDeclaredBy
        self.place = place
    }

    /// All who declare it, each once.
    public var owners: [String] { [definition.owner] + alsoDeclaredBy }
}

/// Programs of hooks.
public struct AttachmentDeclaration: Sendable, Hashable {
    /// What the hooks are of.
    public enum Target: Sendable, Hashable {
        /// Interfaces by a name, an alternative name or a shell pattern (`eth*`), in a network namespace of `ip netns`; nil: in
        /// this thread's. A pattern never means the loopback.
        case interfaces(String, netns: String?)
        case netfilter(NetfilterHook, netns: String?)
        case cgroup(FilePath)
        /// The cgroup of a systemd unit.
        case unit(String)
    }

    public let target: Target
    /// Of each hook in the order in which they run. A hook of which nothing is said is left alone.
    public let programs: [Hook: [ProgramChoice]]
    /// Of hooks that are missing here, the best there is.
    public let modes: [Hook: AttachmentMode]
    /// Where, at TC, the programs run among all of the hook; nil for the usual place.
    public let placement: Placement?
    public let owner: String
    public let place: DocumentPlace

    public init(
        _ target: Target, programs: [Hook: [ProgramChoice]], modes: [Hook: AttachmentMode] = [:],
        placement: Placement? = nil, owner: String, at place: DocumentPlace
    ) {
        self.target = target
        self.programs = programs
        self.modes = modes
        self.placement = placement
        self.owner = owner
        self.place = place
    }
}

/// A field's place in areas and its id, as another host has them.
public struct PlacedField: Sendable, Hashable {
    public let name: FieldName
    public let id: FieldID
    /// Bytes from the beginning of the area.
    public let offset: Int
    /// nil if the registry said so, and no document.
    public let place: DocumentPlace?

    public init(_ name: FieldName, id: FieldID, offset: Int, at place: DocumentPlace? = nil) {
        self.name = name
        self.id = id
        self.offset = offset
        self.place = place
    }
}
