// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct ErrorDocument: JSONDocument {
    let version = jsonVersion
    let error: Contents

    struct Contents: Encodable {
        let kind: String
        let summary: String
        let reason: String
        let remedy: String?
        let details: String?
        let exitCode: Int32
    }

    init(_ error: PacketMetadataError) {
        self.error = Contents(
            kind: error.kind.rawValue, summary: error.summary, reason: error.reason, remedy: error.remedy,
            details: error.details, exitCode: error.kind.exitCode)
    }
}

struct RegistrationDocument: JSONDocument {
    let version = jsonVersion
    let field: FieldContents
    /// false if the field was registered just so before; absent when it was unregistered.
    let isNew: Bool?

    init(_ field: RegisteredField, isNew: Bool?) {
        self.field = FieldContents(field)
        self.isNew = isNew
    }
}

struct CompactionDocument: JSONDocument {
    let version = jsonVersion
    /// Fields that moved, where they lie now.
    let moved: [FieldContents]

    init(_ moved: [RegisteredField]) { self.moved = moved.map(FieldContents.init) }
}

/// A file that a command wrote.
struct FileDocument: JSONDocument {
    let version = jsonVersion
    let file: String
    /// Bytes.
    let size: Int
}

struct AttachmentsDocument: JSONDocument {
    let version = jsonVersion
    let attachments: [Contents]

    struct Contents: Encodable {
        let interface: String
        let hook: String
        let program: String
        let mode: String
        let outcome: String
        let fallback: String?
    }

    init(_ reports: [AttachmentReport]) {
        attachments = reports.map {
            Contents(
                interface: $0.interface, hook: $0.hook.rawValue, program: $0.program, mode: $0.mode.rawValue,
                outcome: $0.outcome.rawValue, fallback: $0.fallback)
        }
    }
}

struct DiagnosisDocument: JSONDocument {
    let version = jsonVersion
    let registry: String
    /// Absent if only the machine was looked at.
    let interface: String?
    let works: Bool
    let exitCode: Int32
    let findings: [Contents]

    struct Contents: Encodable {
        let check: String
        let level: String
        let text: String
        let remedy: String?
        /// Whether it is so for want of a privilege.
        let isPrivilege: Bool
    }

    init(_ diagnosis: Diagnosis) {
        registry = diagnosis.registry.string
        interface = diagnosis.interface
        works = diagnosis.works
        exitCode = diagnosis.exitCode
        findings = diagnosis.findings.map {
            Contents(
                check: $0.check.rawValue, level: $0.level.rawValue, text: $0.text, remedy: $0.remedy,
                isPrivilege: $0.isPrivilege)
        }
    }
}

struct InspectionDocument: JSONDocument {
    let version = jsonVersion
    let registry: RegistryContents
    let fields: [Entry]
    let area: AreaContents?
    /// What in the registry makes no sense; empty for any that only pktmeta wrote.
    let problems: [Problem]
    /// CLOCK_MONOTONIC, ns, when the maps were read.
    let time: UInt64

    struct Entry: Encodable {
        let field: FieldContents
        let state: StateContents?
    }

    struct RegistryContents: Encodable {
        let path: String
        let abiVersion: Int
        let tag: UInt8
        let generation: UInt16
        let capacity: Int
        let usedBytes: Int
        let revision: UInt64
        /// CLOCK_REALTIME, ns.
        let createdAt: UInt64
    }

    struct Problem: Encodable {
        let slot: Int
        let text: String
    }

    init(_ inspection: Inspection) {
        let image = inspection.image
        registry = RegistryContents(
            path: inspection.path, abiVersion: RegistryWord.abiVersion, tag: image.word.tag,
            generation: image.word.generation.number, capacity: image.word.capacity, usedBytes: image.usedBytes,
            revision: image.revision, createdAt: image.createdAt)
        fields = inspection.fields.map { entry in
            Entry(field: FieldContents(entry.field), state: entry.state.map(StateContents.init))
        }
        area = inspection.area.map(AreaContents.init)
        problems = image.problems.map { Problem(slot: $0.slot, text: $0.text) }
        time = inspection.time
    }
}

struct FieldContents: Encodable {
    let name: String
    /// As C programs use it.
    let id: UInt32
    let slot: Int
    let type: String
    /// Bytes from the start of the area.
    let offset: Int
    let size: Int
    let source: String
    /// The producer sets it on one packet in that many of each CPU.
    let sample: Int
    let isPrivate: Bool
    let sink: String
    let owner: String
    let generation: UInt16
    let epoch: UInt16
    /// CLOCK_REALTIME, ns.
    let registeredAt: UInt64

    init(_ field: RegisteredField) {
        name = field.name.text
        id = field.id.rawValue
        slot = field.slot
        type = field.type.description
        offset = field.layout.offset
        size = field.type.size
        source = field.definition.source.description(type: field.type)
        sample = field.definition.sample
        isPrivate = field.definition.isPrivate
        sink = field.definition.sink.description
        owner = field.definition.owner
        generation = field.layout.generation.number
        epoch = field.layout.epoch
        registeredAt = field.registeredAt
    }
}

struct StateContents: Encodable {
    let set: UInt64
    let got: UInt64
    let notSet: UInt64
    /// Values that the sink was given.
    let sunk: UInt64
    /// Values that do not fit the sink.
    let notSunk: UInt64
    let setRefused: [String: UInt64]
    let getRefused: [String: UInt64]
    let last: Last?
    /// Integers only.
    let minimum: UInt64?
    let maximum: UInt64?
    /// Key k counts values that need k bits. Integers only.
    let histogram: [String: UInt64]

    struct Last: Encodable {
        let text: String
        /// Integers only.
        let number: UInt64?
        /// CLOCK_MONOTONIC, ns.
        let time: UInt64
    }

    init(_ state: FieldState) {
        set = state.set
        got = state.got
        notSet = state.notSet
        sunk = state.sunk
        notSunk = state.notSunk
        setRefused = Dictionary(uniqueKeysWithValues: state.setRefused.nonzero.map { ($0.name, $0.count) })
        getRefused = Dictionary(uniqueKeysWithValues: state.getRefused.nonzero.map { ($0.name, $0.count) })
        last = state.last.map { Last(text: $0.value.description, number: $0.value.number, time: $0.time) }
        minimum = state.range?.lowerBound
        maximum = state.range?.upperBound
        histogram = Dictionary(
            uniqueKeysWithValues: state.histogram.enumerated().filter { $1 > 0 }.map { (String($0), $1) })
    }
}

struct AreaContents: Encodable {
    let made: UInt64
    let found: UInt64
    let refused: [String: UInt64]
    let stale: UInt64

    init(_ state: AreaState) {
        made = state.made
        found = state.found
        refused = Dictionary(uniqueKeysWithValues: state.refused.nonzero.map { ($0.name, $0.count) })
        stale = state.stale
    }
}
