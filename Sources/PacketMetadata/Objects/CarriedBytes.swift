// SPDX-License-Identifier: BSD-2-Clause

package import CBPFObjects

/// The bytes of a BPF object that this binary carries, lent where they are.
@safe package struct CarriedBytes: Sendable {
    // Static data of the binary: nobody changes it, and it is there for as long as the process is.
    private nonisolated(unsafe) let start: UnsafePointer<UInt8>
    private let count: Int

    /// - Parameter file: a row of a table of static data, as `bpf_objects.h` has it.
    @unsafe package init(_ file: bpf_object_file) {
        guard let start = unsafe file.bytes else {
            preconditionFailure(unsafe "no object named \(String(cString: file.name))")
        }
        unsafe self.start = unsafe start
        count = unsafe file.size
    }

    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The table says how many bytes there are.
        try body(unsafe UnsafeBufferPointer(start: start, count: count).span)
    }
}
