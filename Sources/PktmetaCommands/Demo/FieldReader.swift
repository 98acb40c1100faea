// SPDX-License-Identifier: BSD-2-Clause

internal import CFieldReader
internal import Glibc
internal import Linux
internal import SystemPackage

/// The demo's application, a process of its own without any privilege.
struct FieldReader: ~Copyable {
    private let pipe: OwnedFD
    private let child: CInt

    struct Reading {
        let userID: UInt32
        let tenant: UInt32
        let traceID: UInt64
        let bytes: UInt32
    }

    /// Starts it in this thread's network namespace.
    init(in cgroup: borrowing ControlGroup, port: UInt16, count: Int) throws(Errno) {
        var child: CInt = 0
        let raw = unsafe field_reader_start(cgroup.fd.raw, port, CInt(count), &child)
        guard raw >= 0 else { throw Errno(rawValue: -raw) }
        pipe = OwnedFD(raw)
        self.child = child
    }

    deinit { field_reader_wait(child) }

    /// Whether it has something to tell, or has ended.
    var isReadable: Bool { pipe.waitUntilReadable(milliseconds: 0) }

    /// What it got with a datagram, once it has; nil if it has ended.
    func next() throws(Errno) -> Reading? {
        var reading = field_reading()
        let size = MemoryLayout<field_reading>.size
        // A pipe has a struct as it was written, whole.
        guard unsafe read(pipe.raw, &reading, size) == size else { return nil }
        if reading.err < 0 { throw Errno(rawValue: -reading.err) }
        return Reading(
            userID: reading.user_id, tenant: reading.tenant, traceID: reading.trace_id, bytes: reading.bytes)
    }
}
