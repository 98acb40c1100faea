// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// What was repaired, for people.
struct RepairRendering {
    private let repairs: Registry.Repairs

    init(_ repairs: Registry.Repairs) { self.repairs = repairs }

    var text: String {
        let lines =
            repairs.finished
            + repairs.unregistered.map { "damaged: \($0.words)\($0.slot == 0 ? "" : ": unregistered")" }
        return lines.isEmpty ? "nothing to repair" : lines.joined(separator: "\n")
    }
}

struct RepairDocument: JSONDocument {
    let repairs: Registry.Repairs

    init(_ repairs: Registry.Repairs) { self.repairs = repairs }

    var value: JSONValue {
        [
            "version": .version,
            "finished": .texts(repairs.finished),
            "unregistered": .array(repairs.unregistered.map(\.json)),
        ]
    }
}
