// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// How a host differs from its declaration, and what it takes to make it so: decided, and nothing done.
public struct HostPlan: Sendable, Hashable {
    /// The registry's folder of pins.
    public let registry: FilePath
    public let settings: [SettingChange]
    public let fields: [FieldChange]
    public let programs: [ProgramChange]
    /// What is declared and not there, so that nothing can be attached to it; where differences are only told, what cannot be had too.
    public let absences: [Absence]
    /// Attached programs that are loaded anew since fields change, at their places.
    public let renewed: Int

    /// Whether nothing is to be done. What is absent, or stays although nobody declares it, is nothing to be done.
    public var isEmpty: Bool {
        settings.isEmpty && fields.allSatisfy { $0.kind == .undeclared }
            && programs.allSatisfy { $0.kind == .undeclared }
    }

    /// The same with other settings.
    func with(_ settings: [SettingChange]) -> HostPlan {
        HostPlan(
            registry: registry, settings: settings, fields: fields, programs: programs, absences: absences,
            renewed: renewed)
    }

    /// Whether the host has what is declared and, of those who declare, nothing else.
    public var isFulfilled: Bool { settings.isEmpty && fields.isEmpty && programs.isEmpty && absences.isEmpty }
}

/// Something of the registry itself.
public enum SettingChange: Sendable, Hashable {
    /// It is made, with that capacity; nil: the largest usual one that the kernel grants.
    case create(capacity: Int?)
    /// Packets get areas of another size, in bytes; those under way lose all fields.
    case capacity(from: Int, to: Int)
    case statistics(from: Statistics, to: Statistics)
    /// Who may read it.
    case access(PinAccess)
}

/// A field.
public struct FieldChange: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case register
        /// It is unregistered and registered anew; packets under way lose it, and it gets another id.
        case replace(RegisteredField)
        /// Others get space by it; packets under way lose it.
        case move(from: Int)
        /// Nobody declares it any more.
        case unregister
        /// Likewise, and it stays, since nothing was to be removed.
        case undeclared
        /// It is there, by another's declaration, and this owner declares it as well.
        case claim
        /// This owner declares it no more, and others do.
        case withdraw
    }

    public let kind: Kind
    /// As it is, or is to be.
    public let definition: FieldDefinition
    /// Where it is to lie, bytes from the beginning of the area.
    public let offset: Int
    /// Who declares it, or declared it before; several with commas.
    public let owner: String
    /// Where it is declared; nil if it is not.
    public let place: DocumentPlace?
}

/// A program of a hook.
public struct ProgramChange: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case attach
        /// It takes the place of another, or of what its object was before.
        case replace
        /// It runs at another place among those of its hook.
        case move
        /// Nobody declares it any more.
        case detach
        /// Likewise, and it stays, since nothing was to be removed.
        case undeclared
        /// It is there, by another's declaration, and its owner here declares it as well.
        case claim
        /// Its owner here declares it no more, and others do.
        case withdraw
    }

    public let kind: Kind
    public let site: HookPlace
    public let hook: Hook
    /// Its name in the object.
    public let program: String
    /// The object as users name it.
    public let object: String
    /// Who declares it, or declared it before; several with commas.
    public let owner: String
    /// Where it is declared; nil if it is not.
    public let place: DocumentPlace?
}

/// What is declared and not there, or cannot be had.
public struct Absence: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case interface(String, netns: String?)
        case namespace(String)
        case cgroup(FilePath)
        /// Of systemd: not active, or not known.
        case unit(String)
        /// The interface's driver does not fill the field, which it is required to.
        case hardware(FieldName, interface: String)
        /// As things are, it cannot be had.
        case refused(PacketMetadataError)
    }

    public let kind: Kind
    /// nil of a setting.
    public let place: DocumentPlace?
}

/// What may be done to make a host as it is declared.
public struct DeclarationLimits: Sendable, Hashable {
    /// Whether fields and programs of those who declare go if they are declared no more.
    public var prunes: Bool
    /// Whether fields that are declared otherwise are unregistered and registered anew; else they are refused.
    public var replaces: Bool

    public init(prunes: Bool = false, replaces: Bool = false) {
        self.prunes = prunes
        self.replaces = replaces
    }
}
