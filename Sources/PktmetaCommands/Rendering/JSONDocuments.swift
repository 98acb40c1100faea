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
