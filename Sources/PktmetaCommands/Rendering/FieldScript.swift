// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel

/// Fields as a shell script that registers them.
struct FieldScript {
    /// What needs the widest alignment first: then what is narrower fills what is left in front of it.
    private let registrations: [(id: FieldID, definition: FieldDefinition)]

    init(_ registrations: [(id: FieldID, definition: FieldDefinition)]) {
        self.registrations = registrations.sorted {
            ($1.definition.type.alignment, $0.id.rawValue) < ($0.definition.type.alignment, $1.id.rawValue)
        }
    }

    var text: String { (["#!/bin/sh", "set -e"] + registrations.map(command) + [""]).joined(separator: "\n") }

    private func command(_ id: FieldID, _ definition: FieldDefinition) -> String {
        var words = ["pktmeta", "register-field", definition.name.text, "--type", definition.type.description]
        words += ["--id", id.description]
        if definition.source != .none { words += ["--source", definition.source.description(type: definition.type)] }
        if definition.sample > 1 { words += ["--sample", String(definition.sample)] }
        if definition.sink != .none { words += ["--sink", definition.sink.description] }
        if !definition.owner.isEmpty { words += ["--owner", definition.owner] }
        if definition.isPrivate { words.append("--private") }
        return words.map { ShellWord.quoted($0) }.joined(separator: " ")
    }
}
