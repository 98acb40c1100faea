// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// An inspection for people.
struct InspectionRendering {
    private let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

    var text: String {
        var parts: [String] = []
        if inspection.view.showsRegistry { parts += [heading, registryTable] }
        if inspection.view.showsState { parts += [stateTable, areaLine] }
        let problems = inspection.image.problems.map { "damaged: \($0)" }
        return (parts + [problems.joined(separator: "\n")]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var heading: String {
        let image = inspection.image
        let values = image.word.capacity - RegistryWord.headerSize
        return "\(inspection.path): \(image.fields.count) fields in \(image.usedBytes) of \(values) bytes, "
            + "generation \(image.word.generation), tag \(hexadecimal(image.word.tag))"
    }

    private var registryTable: String {
        if inspection.fields.isEmpty { return "" }
        var table = Table(columns: [
            .text("FIELD"), .text("ID"), .number("SLOT"), .text("TYPE"), .number("OFFSET"), .number("SIZE"),
            .text("SOURCE"), .text("SINK"), .text("OWNER"),
        ])
        table.rows = inspection.fields.map(\.field).map { field in
            [
                field.name.text, field.id.description, String(field.slot), field.type.description,
                field.type.size == 0 ? "-" : String(field.layout.offset), String(field.type.size),
                field.definition.sourceDescription, field.definition.sink.description,
                ownership(field.definition),
            ]
        }
        return table.text
    }

    private func ownership(_ definition: FieldDefinition) -> String {
        ([definition.owner] + (definition.isPrivate ? ["(private)"] : [])).filter { !$0.isEmpty }.joined(separator: " ")
    }

    private var stateTable: String {
        if inspection.fields.isEmpty { return "" }
        var table = Table(
            columns: [
                .text("FIELD"), .number("SET"), .number("GOT"), .number("NOT SET"), .text("REFUSED"),
                .text("LAST VALUE"), .number("AGE"), .number("MINIMUM"), .number("MAXIMUM"),
            ] + (showsSinks ? [.number("SUNK"), .number("NOT SUNK")] : []))
        table.rows = inspection.fields.compactMap { entry in entry.state.map { row(entry.field, $0) } }
        return table.text
    }

    /// Columns that most registries would leave empty.
    private var showsSinks: Bool { inspection.fields.contains { $0.field.definition.sink != .none } }

    private func row(_ field: RegisteredField, _ state: FieldState) -> [String] {
        [
            field.name.text, String(state.set), String(state.got), String(state.notSet), refusals(state),
            state.last?.value.description ?? "-", state.last.map { age($0.time) } ?? "-",
            state.range.map { String($0.lowerBound) } ?? "-", state.range.map { String($0.upperBound) } ?? "-",
        ] + (showsSinks ? sinkCells(field, state) : [])
    }

    private func sinkCells(_ field: RegisteredField, _ state: FieldState) -> [String] {
        field.definition.sink == .none ? ["-", "-"] : [String(state.sunk), String(state.notSunk)]
    }

    private func refusals(_ state: FieldState) -> String {
        let texts =
            state.setRefused.nonzero.map { "set \($0.name) \($0.count)" }
            + state.getRefused.nonzero.map { "get \($0.name) \($0.count)" }
        return texts.isEmpty ? "-" : texts.joined(separator: ", ")
    }

    private func age(_ time: UInt64) -> String {
        let seconds = Double(inspection.time > time ? inspection.time - time : 0) / 1e9
        switch seconds {
        case ..<10: return "\((seconds * 10).rounded() / 10)s"
        case ..<120: return "\(Int(seconds))s"
        case ..<7200: return "\(Int(seconds / 60))min"
        default: return "\(Int(seconds / 3600))h"
        }
    }

    private var areaLine: String {
        guard let area = inspection.area else { return "" }
        let refused = area.refused.nonzero.map { ", \($0.name) \($0.count)" }.joined()
        let stale = area.stale > 0 ? ", calls with stale ids \(area.stale)" : ""
        return "areas: made \(area.made), found \(area.found)\(refused)\(stale)"
    }
}
