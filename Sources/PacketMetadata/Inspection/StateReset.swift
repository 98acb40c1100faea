// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel

extension Registry {
    /// Has what is counted and seen of fields begin anew, while packets pass.
    ///
    /// Each count up to then is in what is returned, and each behind it in what is read next: none is lost, and none is in
    /// both. Last value, minimum, maximum and histogram are those of packets of after. Of a packet that passes meanwhile,
    /// a count may be of after, and its value of before.
    ///
    /// - Parameters:
    ///   - names: the fields'; all if there are none.
    ///   - areas: whether what is counted of areas does, too.
    /// - Returns: the fields, in the order of their places, and what was counted and seen of them until then; of areas, if
    ///   that began anew.
    /// - Throws: `notFound` if a name is no field's: then nothing begins anew.
    public func resetState(
        of names: [FieldName] = [], areas: Bool = false
    ) throws(PacketMetadataError) -> Inspection {
        let path = path
        return try change(.resetState(path)) { (image) throws(PacketMetadataError) in
            for name in names where image.field(named: name) == nil { throw noSuchField(name, image) }
            let fields = image.fields.filter { names.isEmpty || names.contains($0.name) }
            let users = try? fieldUsers(image)
            let state = try stateImage()
            let until = Inspection(
                path: path, image: image,
                fields: fields.map { Inspection.Field($0, state, users) },
                area: areas ? AreaState(state, of: image) : nil, time: Clock.monotonic, readAt: Clock.realtime)
            let events: [RegistryChange.Event] = fields.map { .stateReset($0) } + (areas ? [.areasReset] : [])
            return Change(
                steps: image.beginningAnew(fields, areas: areas, state), events: events, result: until
            ) { [path] now in
                now.hasBegunAnew(since: image) ? .resetCounters(fields.map(\.name), in: path) : nil
            }
        }
    }
}
