// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Which programs pick sockets by a field, for people.
struct SteeringRendering {
    private let steerings: StatusReport.Steerings
    private let time: UInt64
    private let display: Display

    init(_ report: StatusReport, _ display: Display) {
        steerings = report.steerings ?? StatusReport.Steerings()
        time = report.time
        self.display = display
    }

    /// Empty if there are none.
    var text: String { [table, damage].filter { !$0.isEmpty }.joined(separator: "\n") }

    private var table: String {
        if steerings.sound.isEmpty { return "" }
        var table = Table(columns: [
            .text("STEERING", isCopied: true), .text("FIELD", isCopied: true), .number("SOCKETS"),
            .number("OWN VALUES", dispensability: 1), .number("STEERED"), .number("NO FIELD"), .number("NO SOCKET"),
            .text("GROUP", dispensability: 2), .number("SINCE", dispensability: 3),
        ])
        for steering in steerings.sound {
            table.notes[table.rows.count] = [Table.Note(name: "pins", words: [steering.pins.string])]
            table.rows.append(cells(steering))
        }
        return table.text(for: display)
    }

    private func cells(_ steering: Steering) -> [String] {
        func text(_ number: (some BinaryInteger)?) -> String { number.map { "\($0)" } ?? "?" }
        return [
            steering.name.text, steering.field.text + (steering.isFieldGone ? " (gone)" : ""),
            "\(text(steering.filledSockets)) of \(steering.sockets)", text(steering.ownValues),
            text(steering.counts?.steered), text(steering.counts?.noField), text(steering.counts?.noSocket),
            steering.groupName ?? steering.group.map(String.init) ?? "-", age(time, since: steering.createdAt),
        ]
    }

    private var damage: String {
        steerings.damaged.map { display.paint(printable("damaged: \($0.path): \($0.reason)"), .red) }
            .joined(separator: "\n")
    }

    var notes: [String] {
        var notes: [String] = []
        if steerings.sound.contains(where: \.isFieldGone) {
            notes.append(
                "field (gone): there is none any more that it goes by, and the kernel chooses sockets; make it anew")
        }
        if !steerings.damaged.isEmpty { notes.append("damaged steerings: pktmeta repair removes their pins") }
        return notes
    }
}

struct SteeringDocument: JSONDocument {
    let steering: Steering
    /// Whether it was not there yet; absent when it was deleted.
    let isNew: Bool?

    init(_ steering: Steering, isNew: Bool?) { (self.steering, self.isNew) = (steering, isNew) }

    var value: JSONValue { ["version": .version, "steering": steering.json, "isNew": isNew.map(JSONValue.flag)] }
}

extension Steering {
    var json: JSONValue {
        [
            "name": .text(name.text),
            "field": .text(field.text),
            "type": .text(type.description),
            // Whether there is no such field any more.
            "isFieldGone": .flag(isFieldGone),
            // How many there may be, and how many there are; what this process may not know is absent.
            "sockets": .number(sockets),
            "filledSockets": filledSockets.map(JSONValue.number),
            // Values with an entry of their own.
            "ownValues": ownValues.map(JSONValue.number),
            // Packets that went where the value leads; of which there was no value; no socket.
            "steered": counts.map { .number($0.steered) },
            "noField": counts.map { .number($0.noField) },
            "noSocket": counts.map { .number($0.noSocket) },
            "programID": programID.map(JSONValue.number),
            // The number of the group that may open it; absent if only the owner may.
            "group": group.map(JSONValue.number),
            // CLOCK_REALTIME, ns.
            "createdAt": .number(createdAt),
            "pins": .text(pins.string),
        ]
    }
}
