// SPDX-License-Identifier: BSD-2-Clause

import BPF
import PacketMetadata
import RegistryModel
import TestSupport

/// Fields that come, go and move, for programs of Tests/Programs/torture_values.bpf.h: a place in their table `targets` is
/// for fields of one size.
struct FieldChurn {
    private var random = SystemRandomNumberGenerator()
    /// By place in the table.
    private var fields: [FieldName?] = Array(repeating: nil, count: 5)
    private static let types: [FieldType] = [.u32, .u32, .u64, .u64, .bytes(16)]
    static let places = types.indices
    /// By place, what the fields' values come from.
    var source: (Int) -> FieldSource = { _ in .none }
    private(set) var operations = 0
    private(set) var compactions = 0

    /// Registers a field where there is none, else unregisters the one there, and compacts now and then. Ids stay in the
    /// tables when their field has gone.
    mutating func change(_ registry: borrowing Registry, _ tables: [MapBox]) throws {
        operations += 1
        if Int.random(in: 0..<6, using: &random) == 0 {
            compactions += try registry.compact().isEmpty ? 0 : 1
            return
        }
        let place = fields.indices.randomElement(using: &random) ?? 0
        if let name = fields[place] {
            _ = try registry.unregister(name)
            fields[place] = nil
        } else {
            // There may be no room.
            let name = try FieldName("churn_\(place)")
            let field = try? registry.register(
                FieldDefinition(name: name, type: Self.types[place], source: source(place))
            ).field
            guard let field else { return }
            fields[place] = field.name
            for table in tables { try table.map.update(at: place, encode(field.id.rawValue)) }
        }
    }
}
