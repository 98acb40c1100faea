// SPDX-License-Identifier: BSD-2-Clause

package import BPFObjects

extension CarriedObject {
    /// Those that the benchmark compares: of bpf/bench, and the prebuilt tracer beside its like.
    package static let compared = [
        none, `struct`, bound, bound_counted, dynamic, dynamic_counted, keyvalue, keyvalue_fixed, tlv, flow, skb_map,
        skb_map_lru, skb_buffer, sender, layers, layers_types, layers_probe, tracer_probe, tracer,
    ]

    /// The one of ``compared`` with that name.
    package static func compared(named name: String) -> CarriedObject {
        guard let object = compared.first(where: { $0.name.description == name }) else {
            preconditionFailure("no object named \(name)")
        }
        return object
    }
}
