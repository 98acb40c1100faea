// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFObjects

/// A BPF object that this binary carries.
struct PrebuiltObject: Sendable {
    let name: String
    let bytes: [UInt8]

    static var producer: PrebuiltObject { PrebuiltObject(named: "producer") }
    /// The producer that asks the driver: slower to load, and bound to one interface.
    static var hardwareProducer: PrebuiltObject { PrebuiltObject(named: "producer_hw") }
    static var consumer: PrebuiltObject { PrebuiltObject(named: "consumer") }
    static var scrub: PrebuiltObject { PrebuiltObject(named: "scrub") }
    static var watcher: PrebuiltObject { PrebuiltObject(named: "watcher") }
    static var probe: PrebuiltObject { PrebuiltObject(named: "probe") }

    private init(named name: String) {
        let file = unsafe bpf_object_file_named(name)
        guard let start = unsafe file.bytes else { preconditionFailure("no object named \(name)") }
        self.name = name
        // The object is static data of that size.
        bytes = unsafe Array(UnsafeBufferPointer(start: start, count: file.size))
    }
}
