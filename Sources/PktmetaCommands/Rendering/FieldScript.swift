// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel

/// Fields as a shell script that registers them, in a registry with room for them.
struct FieldScript {
    let recorded: RecordedFields

    var text: String {
        let creation = recorded.sufficientCapacity.map { "pktmeta create-registry --capacity \($0)" }
        let lines =
            ["#!/bin/sh", "set -e"] + [creation].compactMap(\.self)
            + recorded.fields.map { command($0.id, $0.definition) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func command(_ id: FieldID, _ definition: FieldDefinition) -> String {
        var words = ["pktmeta", "register-field", definition.name.text, "--type", definition.type.description]
        words += ["--id", id.description]
        if definition.source != .none { words += ["--source", definition.source.description(type: definition.type)] }
        if definition.sample > 1 { words += ["--sample", String(definition.sample)] }
        if definition.sink != .none { words += ["--sink", definition.sink.description] }
        // Which may begin with a dash.
        if !definition.owner.isEmpty { words.append("--owner=\(definition.owner)") }
        if definition.isPrivate { words.append("--private") }
        if !definition.isForSockets { words.append("--no-sockets") }
        // Somebody else may have chosen the texts, and root may run the script.
        return words.map(ShellWord.literal).joined(separator: " ")
    }
}
