// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Clibbpf
internal import Glibc
internal import Linux
internal import SystemPackage

/// The reading end of a BPF ring buffer, of which there is one (Documentation/bpf/ringbuf.rst).
///
/// libbpf's reader maps the records twice, one behind the other, so that none is in two parts; to a process that is
/// twice the memory.
@safe public struct RingBuffer: ~Copyable {
    private let map: OwnedFD
    /// Bytes of records, a power of 2.
    private let size: Int
    // Invariant: mapped until deinit. A page that begins with how far this end has read, and may be written to.
    private let consumer: UnsafeMutableRawPointer
    // Likewise: a page that begins with how far programs have reserved, and `size` bytes of records.
    private let producer: UnsafeMutableRawPointer

    public init(_ map: borrowing BPFMap) throws(BPFError) {
        let operation = "map ring buffer \(map.name)"
        guard map.shape.kind == .other(BPF_MAP_TYPE_RINGBUF.rawValue) else {
            throw BPFError(operation, .invalidArgument)
        }
        let (page, size) = (MemoryPage.size, map.shape.entries)
        do throws(Errno) {
            let own = try OwnedFD(duplicating: map.fd.raw)
            let consumer = try unsafe Self.mapped(own.raw, page, PROT_READ | PROT_WRITE, at: 0)
            let producer: UnsafeMutableRawPointer
            do throws(Errno) {
                unsafe producer = try unsafe Self.mapped(own.raw, page + size, PROT_READ, at: page)
            } catch {
                unsafe munmap(consumer, page)
                throw error
            }
            self.map = own
            self.size = size
            unsafe self.consumer = consumer
            unsafe self.producer = producer
        } catch {
            throw BPFError(operation, error)
        }
    }

    deinit {
        unsafe munmap(consumer, MemoryPage.size)
        unsafe munmap(producer, MemoryPage.size + size)
    }

    private static func mapped(
        _ map: CInt, _ count: Int, _ access: CInt, at offset: Int
    ) throws(Errno) -> UnsafeMutableRawPointer {
        let place = unsafe mmap(nil, count, access, MAP_SHARED, map, off_t(offset))
        guard let place = unsafe place, unsafe place != MAP_FAILED else { throw Errno.last }
        return unsafe place
    }

    /// Takes what is there, in the order in which programs reserved it.
    ///
    /// - Parameters:
    ///   - limit: at most so many records.
    ///   - take: is called for each, of which the bytes are there until it returns.
    /// - Returns: how many records there were.
    public func read(atMost limit: Int, _ take: (RawSpan) -> Void) -> Int {
        var taken = 0
        var position = unsafe linux_load_acquire(consumer)
        while taken < limit, unsafe position < linux_load_acquire(producer) {
            let head = unsafe linux_load_acquire_32(records + offset(of: position))
            if head & UInt32(BPF_RINGBUF_BUSY_BIT) != 0 { break }  // a program is still writing it
            let length = head & ~UInt32(BPF_RINGBUF_DISCARD_BIT)
            if head == length {
                withRecord(from: position + Self.headSize, Int(length), take)
                taken += 1
            }
            position += (Self.headSize + UInt64(length) + 7) / 8 * 8
            // The programs' from here on.
            unsafe linux_store_release(consumer, position)
        }
        return taken
    }

    /// Waits until there are records, and a program wakes the reader or has done so; or until the time is over.
    ///
    /// - Returns: false if a signal came.
    public func wait(milliseconds: Int) throws(BPFError) -> Bool {
        var wanted = pollfd(fd: map.raw, events: Int16(POLLIN), revents: 0)
        // poll(2) writes to one pollfd.
        let result = unsafe poll(&wanted, 1, CInt(clamping: milliseconds))
        if result < 0, Errno.last != .interrupted { throw BPFError("wait for a ring buffer", .last) }
        return result >= 0
    }

    /// BPF_RINGBUF_HDR_SZ: bytes in front of each record.
    private static let headSize = UInt64(BPF_RINGBUF_HDR_SZ)

    private var records: UnsafeMutableRawPointer { unsafe producer + MemoryPage.size }

    private func offset(of position: UInt64) -> Int { Int(position & UInt64(size - 1)) }

    /// Lends a record where it lies; or a copy, if it goes on at the ring's beginning.
    private func withRecord(from position: UInt64, _ count: Int, _ take: (RawSpan) -> Void) {
        precondition(count <= size)
        let start = offset(of: position)
        let first = min(count, size - start)
        // Both parts lie within the ring.
        let ring = unsafe UnsafeRawBufferPointer(start: records, count: size)
        if first == count {
            take(unsafe UnsafeRawBufferPointer(rebasing: ring[start..<start + count]).bytes)
        } else {
            let bytes = unsafe Array(ring[start...]) + ring[..<(count - first)]
            take(unsafe bytes.span.bytes)
        }
    }
}
