// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// What became of packets, by the values of a field, at the end.
struct TraceSummaryOutput: TraceOutput {
    private var summary: TraceSummary
    private var dropped: UInt64 = 0
    private let isJSON: Bool
    private let display: Display

    init(by field: FieldName, isJSON: Bool, display: Display) {
        summary = TraceSummary(by: field)
        self.isJSON = isJSON
        self.display = display
    }

    mutating func add(_ events: [TraceEvent]) -> String? {
        for event in events {
            switch event {
            case .packet(let packet): summary.add(packet)
            case .dropped(let count): dropped += count
            }
        }
        return nil
    }

    func end() -> String? {
        isJSON ? TraceSummaryDocument(summary: summary, dropped: dropped).jsonLine : text
    }

    private var text: String? {
        var parts = summary.groups.map(text)
        if summary.packetsLeftOut > 0 {
            parts.append("\(summary.packetsLeftOut.of("packet")) of further values, which are not told apart")
        }
        if summary.unsurePackets > 0 {
            parts.append(
                "\(summary.unsurePackets.of("packet")) not followed to the end: no longer certain to be the same")
        }
        if dropped > 0 {
            parts.append(display.paint("\(dropped.of("event")) lost for lack of room: numbers are too low", .red))
        }
        return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
    }

    private func text(_ group: TraceSummary.Group) -> String {
        var table = Table(columns: [
            .text("FROM"), .text("TO"), .number("TIMES"), .number("MEDIAN TIME"),
        ])
        table.rows = group.steps.map { step, times in
            [
                step.from, step.to, String(times.count), fixed(Double(times.median) / 1000, digits: 3) + " us",
            ]
        }
        let value = group.value.map { $0.type.size == 0 ? "" : "=\($0)" }
        let name = value.map { summary.field.text + $0 } ?? "without \(summary.field)"
        let heading = display.paint(printable(name), .bold) + ": \(group.packets.of("packet"))"
        let drops = group.drops.map { drop, count in
            display.paint("dropped \(count)", .red) + ": "
                + printable(drop.reason ?? "no reason told") + (drop.function.map { " in \(printable($0))" } ?? "")
        }
        return ([heading] + (table.rows.isEmpty ? [] : [table.text(for: display)]) + drops).joined(separator: "\n")
    }
}

/// `trace --summary --json`.
struct TraceSummaryDocument: JSONDocument {
    let summary: TraceSummary
    let dropped: UInt64

    var value: JSONValue {
        [
            "version": .version,
            "field": .text(summary.field.text),
            "groups": .array(summary.groups.map(json)),
            "packetsLeftOut": .number(summary.packetsLeftOut),
            "unsurePackets": .number(summary.unsurePackets),
            // Events for which there was no room.
            "dropped": .number(dropped),
        ]
    }

    private func json(_ group: TraceSummary.Group) -> JSONValue {
        [
            // Absent of packets that did not carry the field.
            "value": group.value?.json,
            "packets": .number(group.packets),
            "steps": .array(
                group.steps.map { step, times in
                    [
                        "from": .text(step.from), "to": .text(step.to), "times": .number(times.count),
                        // ns.
                        "medianTime": .number(times.median),
                    ]
                }),
            "drops": .array(
                group.drops.map { drop, count in
                    [
                        "reason": drop.reason.map(JSONValue.text), "function": drop.function.map(JSONValue.text),
                        "packets": .number(count),
                    ]
                }),
        ]
    }
}
