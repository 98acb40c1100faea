// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFObjects

/// A BPF object that the library carries: which one, without its bytes.
package struct PrebuiltObject: Hashable, Sendable {
    /// The file's in bpf/programs, without `.bpf.c`.
    package let name: String

    package init(named name: String) { self.name = name }

    static let producer = PrebuiltObject(named: "producer")
    /// The producer that asks the driver: slower to load, and bound to one interface.
    static let hardwareProducer = PrebuiltObject(named: "producer_hw")
    static let consumer = PrebuiltObject(named: "consumer")
    static let scrub = PrebuiltObject(named: "scrub")
    static let watcher = PrebuiltObject(named: "watcher")
    static let tracer = PrebuiltObject(named: "tracer")
    static let steer = PrebuiltObject(named: "steer")
    static let sockets = PrebuiltObject(named: "sockets")
    static let probe = PrebuiltObject(named: "probe")

    /// What users know the object by.
    var title: String { "prebuilt \(name)" }

    package var bytes: ObjectBytes {
        // A row of the table of prebuilt objects.
        .carried(unsafe CarriedBytes(bpf_object_file_named(name)))
    }
}
