// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel
public import SystemPackage

/// A registry, its fields' users and what happened to each field, read at one time.
public struct Inspection: Sendable, Hashable {
    public struct Field: Sendable, Hashable {
        public let field: RegisteredField
        /// nil if it was not asked for.
        public let state: FieldState?
        /// Attached programs that may set or get it. nil if it was not asked for, or this process may not look.
        public let users: [FieldUser]?

        package init(field: RegisteredField, state: FieldState?, users: [FieldUser]?) {
            self.field = field
            self.state = state
            self.users = users
        }

        /// Of what was read of all fields.
        init(_ field: RegisteredField, _ state: StateImage?, _ users: [FieldName: [FieldUser]]?) {
            self.init(
                field: field, state: state.map { FieldState($0, field) }, users: users.map { $0[field.name] ?? [] })
        }
    }

    /// How much of what attached programs do to a field shows in its state.
    public enum Counting: String, Sendable, Hashable, CaseIterable {
        case all, some, none
    }

    /// The registry's folder of pins.
    public let path: FilePath
    public let image: RegistryImage
    /// Sound fields, by offset and then slot.
    public let fields: [Field]
    /// nil if states were not asked for.
    public let area: AreaState?
    /// What applications have asked by their sockets, by ways; none if states were not asked for, or nobody has asked.
    public let sockets: [SocketAnswers]
    /// CLOCK_MONOTONIC, ns.
    public let time: UInt64
    /// CLOCK_REALTIME at ``time``, ns.
    public let readAt: UInt64

    package init(
        path: FilePath, image: RegistryImage, fields: [Field], area: AreaState?, sockets: [SocketAnswers] = [],
        time: UInt64, readAt: UInt64
    ) {
        self.path = path
        self.image = image
        self.fields = fields
        self.area = area
        self.sockets = sockets
        self.time = time
        self.readAt = readAt
    }

    /// CLOCK_REALTIME, ns, of a time of CLOCK_MONOTONIC, by how far apart both were at ``time``.
    public func realtime(of monotonic: UInt64) -> UInt64 { readAt &- time &+ monotonic }

    /// The same with fewer fields, or in another order.
    public func with(fields: [Field]) -> Inspection {
        Inspection(
            path: path, image: image, fields: fields, area: area, sockets: sockets, time: time, readAt: readAt)
    }
}

/// What an inspection is to hold besides the registry itself.
public struct InspectedParts: OptionSet, Sendable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// What happened to each field, and to areas.
    public static let states = InspectedParts(rawValue: 1)
    /// Attached programs that use each field.
    public static let users = InspectedParts(rawValue: 2)
}

extension Inspection.Counting {
    /// nil if there are no users, or it cannot be known.
    fileprivate init?(_ users: [FieldUser]) {
        let known = users.compactMap(\.counts)
        if known.isEmpty { return nil }
        self = known.allSatisfy(\.self) ? .all : known.contains(true) ? .some : .none
    }
}

extension Inspection.Field {
    /// By the attached programs that set or get the field; nil if there are none, or it cannot be known.
    public var counting: Inspection.Counting? { Inspection.Counting(users ?? []) }
}

extension Inspection {
    /// How much of what attached programs do to areas shows in ``area``, by those that set or get one of these fields; nil
    /// likewise.
    public var areaCounting: Counting? { Counting(fields.flatMap { $0.users ?? [] }) }
}

extension Registry {
    /// Reads all there is to know of the registry and its fields. Takes no lock and changes nothing.
    public func inspect(_ parts: InspectedParts = [.states, .users]) throws(PacketMetadataError) -> Inspection {
        let image = try image()
        let users = parts.contains(.users) ? try? fieldUsers(image) : nil
        let state = parts.contains(.states) ? try stateImage() : nil
        return Inspection(
            path: path, image: image, fields: image.fields.map { Inspection.Field($0, state, users) },
            area: state.map { AreaState($0, of: image) },
            sockets: state == nil ? [] : socketAnswers(),
            time: Clock.monotonic, readAt: Clock.realtime)
    }
}
