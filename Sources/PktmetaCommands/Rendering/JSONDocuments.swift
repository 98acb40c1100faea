// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct ErrorDocument: JSONDocument {
    let error: PacketMetadataError
    let remedies: RemedyCommands

    init(_ error: PacketMetadataError, _ remedies: RemedyCommands = RemedyCommands()) {
        self.error = error
        self.remedies = remedies
    }

    var value: JSONValue {
        [
            "version": .version,
            "error": [
                "kind": .text(error.kind.rawValue),
                // What exactly was refused, or kept from the rest.
                "code": .text(error.refusal.code),
                "summary": .text(error.summary),
                "reason": .text(error.reason),
                "remedy": error.remedy.map { .text(remedies.completed($0)) },
                "details": error.details.map(JSONValue.text),
                // What was done all the same, in words, and the id of the field that was registered.
                "done": error.done.map { ["text": .text($0.text), "id": $0.id.map { .number($0.rawValue) }] },
                "exitCode": .number(Int(error.kind.exitCode)),
            ],
        ]
    }
}

struct RegistrationDocument: JSONDocument {
    let field: RegisteredField
    /// false if the field was registered just so before; absent when it was unregistered.
    let isNew: Bool?

    init(_ field: RegisteredField, isNew: Bool?) {
        self.field = field
        self.isNew = isNew
    }

    var value: JSONValue { ["version": .version, "field": field.json, "isNew": isNew.map(JSONValue.flag)] }
}

struct CompactionDocument: JSONDocument {
    /// Fields that moved, where they lie now.
    let moved: [RegisteredField]

    init(_ moved: [RegisteredField]) { self.moved = moved }

    var value: JSONValue { ["version": .version, "moved": .array(moved.map(\.json))] }
}

/// What `layout-digest --json` prints; Resources/layout.schema.json of the documentation describes it.
struct LayoutDocument: JSONDocument {
    let layout: LayoutText
    let hasIDs: Bool

    init(_ layout: LayoutText, hasIDs: Bool) { (self.layout, self.hasIDs) = (layout, hasIDs) }

    var value: JSONValue {
        [
            "version": .version,
            "digest": .text(layout.digest),
            "algorithm": .text("sha256"),
            // Whether the fields' ids are in it.
            "hasIDs": .flag(hasIDs),
            // What it is taken of: each with a line feed behind it.
            "lines": .array(layout.lines.map(JSONValue.text)),
        ]
    }
}

/// A file that a command wrote.
struct FileDocument: JSONDocument {
    let file: String
    /// Bytes.
    let size: Int

    var value: JSONValue { ["version": .version, "file": .text(file), "size": .number(size)] }
}

struct AttachmentsDocument: JSONDocument {
    let reports: [AttachmentReport]

    init(_ reports: [AttachmentReport]) { self.reports = reports }

    var value: JSONValue {
        [
            "version": .version,
            "attachments": .array(reports.map(\.json)),
        ]
    }
}

extension AttachmentReport {
    var json: JSONValue {
        [
            // One of these, by which it is known what the hook is of.
            "interface": place.interfaceJSON,
            "netfilter": place.netfilterJSON,
            "cgroup": place.cgroupJSON,
            "hook": .text(hook.rawValue),
            "program": .text(program),
            "mode": .text(mode.rawValue),
            "outcome": .text(outcome.rawValue),
            "fallback": fallbackWords.map(JSONValue.text),
        ]
    }
}

struct DiagnosisDocument: JSONDocument {
    let diagnosis: Diagnosis
    let remedies: RemedyCommands
    let system: SystemNames

    init(_ diagnosis: Diagnosis, _ remedies: RemedyCommands = RemedyCommands(), on system: SystemNames = .this) {
        self.diagnosis = diagnosis
        self.remedies = remedies
        self.system = system
    }

    var value: JSONValue {
        [
            "version": .version,
            "registry": .text(diagnosis.registry.string),
            // Absent if only the machine was looked at.
            "interface": diagnosis.interface.map(JSONValue.text),
            "system": system.json,
            // Absent likewise.
            "device": diagnosis.device?.json,
            "area": diagnosis.area.json,
            "works": .flag(diagnosis.works),
            "exitCode": .number(Int(diagnosis.exitCode)),
            "findings": .array(
                diagnosis.findings.map {
                    [
                        "check": .text($0.check.rawValue),
                        "level": .text($0.level.rawValue),
                        "text": .text($0.text),
                        "remedy": $0.help.map { .text(remedies.completed($0)) },
                        // Whether it is so for want of a privilege.
                        "isPrivilege": .flag($0.isPrivilege),
                    ]
                }),
        ]
    }
}

extension RegisteredField {
    var json: JSONValue {
        [
            "name": .text(name.text),
            // As C programs use it.
            "id": .number(id.rawValue),
            "slot": .number(slot),
            "type": .text(type.description),
            // Bytes from the start of the area.
            "offset": .number(layout.offset),
            "size": .number(type.size),
            "source": .text(definition.source.description(type: type)),
            // The producer sets it on one packet in that many of each CPU.
            "sample": .number(definition.sample),
            "isPrivate": .flag(definition.isPrivate),
            "isForSockets": .flag(definition.isForSockets),
            "sink": .text(definition.sink.description),
            "owner": .text(definition.owner),
            "generation": .number(layout.generation.number),
            "epoch": .number(layout.epoch),
            // CLOCK_REALTIME, ns.
            "registeredAt": .number(registeredAt),
        ]
    }
}
