// SPDX-License-Identifier: BSD-2-Clause

internal import CZlibShims
internal import Synchronization

/// A BPF object that a program carries, compiled and packed by its build: a static member for each program in `bpf/programs`
/// (see `Plugins/CarryObjects`, `bpf/carry`).
///
/// The object is unpacked as it is first asked for, and then its bytes are there, unchanged, until the process ends.
package struct CarriedObject: Sendable {
    /// Of the source in `bpf`, without `.bpf.c`.
    package let name: StaticString
    /// How many bytes the object has.
    package let count: Int
    /// Base64 of a gzip file.
    package let packed: StaticString

    package init(name: StaticString, count: Int, packed: StaticString) {
        (self.name, self.count, self.packed) = (name, count, packed)
    }

    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // As many bytes as that were unpacked, and nobody frees or changes them.
        try body(unsafe UnsafeBufferPointer(start: unpacked.start, count: count).span)
    }

    @safe private struct Unpacked: Sendable {
        nonisolated(unsafe) let start: UnsafePointer<UInt8>
    }

    /// By the address of what they were unpacked from.
    private static let known = Mutex<[UInt: Unpacked]>([:])

    private var unpacked: Unpacked {
        Self.known.withLock { known in
            let place = unsafe UInt(bitPattern: packed.utf8Start)
            if let bytes = known[place] { return bytes }
            // The string has as many bytes as it says.
            guard let start = unsafe zlib_unpack(packed.utf8Start, packed.utf8CodeUnitCount, count) else {
                preconditionFailure("the object \(name) cannot be unpacked")
            }
            let bytes = unsafe Unpacked(start: start)
            known[place] = bytes
            return bytes
        }
    }
}
