// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

extension Registry {
    /// Does something once the fields that a request wants are registered; they go again if it fails.
    ///
    /// - Parameter action: what was asked for.
    func registeringMissing<Value>(
        _ request: AttachmentRequest, _ action: Action, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        var missing: [FieldDefinition] = []
        do throws(PacketMetadataError) {
            for path in request.registersMissing ? request.objects : [] {
                let loader = ProgramLoader(try ObjectFile(path: path), image: try image(), isStrict: true)
                for definition in try loader.missingDefinitions() {
                    missing.append(definition)
                    _ = try register(definition)
                }
            }
            return try body()
        } catch {
            for definition in missing { _ = try? unregister(definition.name) }
            let names = Set(missing.map(\.name))
            let left = ((try? image())?.fields ?? []).filter { names.contains($0.name) }.map(\.name)
            if left.isEmpty || error.kind == .unfinished { throw error }
            throw error.unfinished(action, .registeredMissing(left))
        }
    }
}
