// SPDX-License-Identifier: BSD-2-Clause

internal import BPFObjects

/// A BPF object that the library carries: which one, without its bytes.
package struct PrebuiltObject: Sendable {
    private let object: CarriedObject

    private init(_ object: CarriedObject) { self.object = object }

    package static let producer = PrebuiltObject(.producer)
    /// The producer that asks the driver: slower to load, and bound to one interface.
    static let hardwareProducer = PrebuiltObject(.producer_hw)
    package static let consumer = PrebuiltObject(.consumer)
    static let scrub = PrebuiltObject(.scrub)
    static let watcher = PrebuiltObject(.watcher)
    static let tracer = PrebuiltObject(.tracer)
    static let steer = PrebuiltObject(.steer)
    static let sockets = PrebuiltObject(.sockets)
    static let probe = PrebuiltObject(.probe)

    /// The file's in bpf/programs, without `.bpf.c`.
    package var name: String { object.name.description }

    /// What users know the object by.
    var title: String { "prebuilt \(name)" }

    package var bytes: ObjectBytes { .carried(object) }
}
