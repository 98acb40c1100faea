// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFObjects

/// A BPF object that this binary carries: which one, without its bytes.
package struct PrebuiltObject: Hashable, Sendable {
    /// The file's in bpf/programs, or `bench/` and the file's in bpf/bench; without `.bpf.c`.
    package let name: String

    package init(named name: String) { self.name = name }

    static let producer = PrebuiltObject(named: "producer")
    /// The producer that asks the driver: slower to load, and bound to one interface.
    static let hardwareProducer = PrebuiltObject(named: "producer_hw")
    static let consumer = PrebuiltObject(named: "consumer")
    static let scrub = PrebuiltObject(named: "scrub")
    static let watcher = PrebuiltObject(named: "watcher")
    static let probe = PrebuiltObject(named: "probe")

    /// What users know the object by.
    var title: String { "prebuilt \(name)" }

    package var bytes: ObjectBytes { .prebuilt(self) }

    /// Hands out the bytes where they are, in the binary.
    func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let file = unsafe bpf_object_file_named(name)
        guard let start = unsafe file.bytes else { preconditionFailure("no object named \(name)") }
        // The object is static data of that size.
        return try body(unsafe UnsafeBufferPointer(start: start, count: file.size).span)
    }
}
