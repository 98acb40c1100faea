// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension Inspection {
    /// Reads what a view shows.
    ///
    /// - Parameter names: those to show; all if empty.
    /// - Throws: `notFound` if one of them is no field.
    init(
        _ registry: borrowing Registry, _ view: InspectionView, fields names: [FieldName]
    ) throws(PacketMetadataError) {
        let image = try registry.image()
        if let unknown = names.first(where: { image.field(named: $0) == nil }) {
            throw PacketMetadataError(
                .notFound, "cannot inspect \(unknown)", reason: "the registry \(registry.path) has no such field",
                remedy: "pktmeta inspect-map registry lists its fields.")
        }
        var fields: [Field] = []
        for field in image.fields where names.isEmpty || names.contains(field.name) {
            fields.append(Field(field: field, state: view.showsState ? try registry.state(of: field) : nil))
        }
        self.init(
            path: registry.path.string, view: view, image: image, fields: fields,
            area: view.showsState ? try registry.areaState() : nil, time: Clock.monotonic)
    }
}
