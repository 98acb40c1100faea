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
        var taken = 0
        var limit = 0
        var take: ((RawSpan) -> Void)?
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
        guard let context = unsafe context else { return 0 }
        let collector = unsafe Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
        // libbpf says where a record lies, and how long it is.
        let record = unsafe UnsafeRawBufferPointer(start: data, count: size)
        collector.take?(unsafe record.bytes)
        collector.taken += 1
        return collector.taken < collector.limit ? 0 : enough
    }

    /// Takes what is there, in the order in which programs reserved it.
    ///
    /// - Parameters:
    ///   - limit: at most so many records.
    ///   - take: is called for each; the record lies where it is, aligned to 8 bytes, until that returns.
    /// - Returns: how many records there were.
    public func read(atMost limit: Int, _ take: (RawSpan) -> Void) throws(BPFError) -> Int {
        let result = withoutActuallyEscaping(take) { take in
            (collector.taken, collector.limit) = (0, limit)
            collector.take = take
            defer { collector.take = nil }
            return unsafe ring_buffer__consume(ring)
        }
        if result < 0, result != Self.enough, result != -EINTR {
            throw BPFError("read a ring buffer", Errno(rawValue: -result))
        }
        return collector.taken
    }

    /// Waits until a program wakes the reader, or the time is over.
    ///
    /// - Returns: false if a signal came.
    public func wait(milliseconds: Int) throws(BPFError) -> Bool {
        // libbpf's descriptor of epoll(7) is readable once the ring has been woken (epoll_create(2)).
        var wanted = pollfd(fd: unsafe ring_buffer__epoll_fd(ring), events: Int16(POLLIN), revents: 0)
        // poll(2) writes to one pollfd.
        let result = unsafe poll(&wanted, 1, CInt(clamping: milliseconds))
        if result < 0, Errno.last != .interrupted { throw BPFError("wait for a ring buffer", .last) }
        return result >= 0
    }
}
