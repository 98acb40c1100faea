// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Glibc
internal import Linux
internal import SystemPackage

/// The reading end of a BPF ring buffer, of which there is one (Documentation/bpf/ringbuf.rst).
@safe public struct RingBuffer: ~Copyable {
    // Invariant: owned, freed by deinit only. The collector outlives it, since libbpf keeps its address.
    private let ring: OpaquePointer
    private let collector: Collector

    private final class Collector {
        var records: [[UInt8]] = []
        var limit = 0
    }

    /// What ends a reading that has enough; no errno of libbpf's.
    private static let enough: CInt = -4095

    public init(_ map: borrowing BPFMap) throws(BPFError) {
        let collector = Collector()
        self.collector = collector
        let fd = map.fd.raw
        unsafe ring = try unsafe libbpf("map ring buffer \(map.name)") {
            unsafe ring_buffer__new(
                fd, { context, data, size in unsafe RingBuffer.collect(context, data, size) },
                Unmanaged.passUnretained(collector).toOpaque(), nil)
        }
    }

    deinit { unsafe ring_buffer__free(ring) }

    private static func collect(
        _ context: UnsafeMutableRawPointer?, _ data: UnsafeMutableRawPointer?, _ size: Int
    ) -> CInt {
        guard let context = unsafe context, let data = unsafe data else { return 0 }
        let collector = unsafe Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
        // A record of that size lies there until this returns.
        collector.records.append(unsafe Array(UnsafeRawBufferPointer(start: data, count: size)))
        return collector.records.count < collector.limit ? 0 : enough
    }

    /// Takes what is there, in the order in which programs reserved it.
    ///
    /// - Parameters:
    ///   - limit: at most so many records.
    ///   - milliseconds: how long to wait for the first. A signal ends the wait.
    public func read(atMost limit: Int, within milliseconds: Int = 0) throws(BPFError) -> [[UInt8]] {
        collector.records.removeAll(keepingCapacity: true)
        collector.limit = limit
        try consume { unsafe ring_buffer__consume(ring) }
        if collector.records.isEmpty, milliseconds > 0 {
            try consume { unsafe ring_buffer__poll(ring, CInt(clamping: milliseconds)) }
        }
        return collector.records
    }

    private func consume(_ body: () -> CInt) throws(BPFError) {
        let result = body()
        guard result < 0, result != Self.enough, result != -EINTR else { return }
        throw BPFError("read a ring buffer", Errno(rawValue: -result))
    }
}
