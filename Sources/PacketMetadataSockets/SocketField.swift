// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import PktmetaABI

/// A field of packets that an application receives, asked for by the socket: without BPF, and without a privilege.
///
/// Somebody has attached the programs that answer to the application's cgroup (`pktmeta attach-to-cgroup --sockets`).
/// A socket is given by its descriptor, which stays the caller's.
///
/// ```swift
/// let tenant = try SocketField<UInt32>("tenant", on: descriptor)
/// let value = try tenant.next(on: descriptor)  // of what the next recv() returns
/// ```
///
/// With ``next(on:)`` and ``nextBatch(_:on:)``, who asks must be who reads: if another thread reads from the socket in
/// between, the answer was about what that one has got.
public struct SocketField<Value: SocketFieldValue>: Sendable, Hashable {
    /// Good until the field is unregistered.
    public let id: UInt32
    /// Bytes.
    public let size: Int

    /// - Throws: ``SocketFieldError`` with `noField` if there is none of that name that is for sockets, `size` if its values
    ///   are not of this type, and `unanswered`.
    public init(_ name: String, on descriptor: CInt) throws(SocketFieldError) {
        guard let field = try SocketFieldDescription.all(on: descriptor).first(where: { $0.name == name }) else {
            throw SocketFieldError(code: .noField)
        }
        guard Value.takes(field.size) else { throw SocketFieldError(code: .size) }
        (id, size) = (field.id, field.size)
    }

    /// The value of what the next read returns: of a datagram, or of the first bytes of TCP.
    public func next(on descriptor: CInt) throws(SocketFieldError) -> Value {
        try unsafe ask { (value, _) in unsafe pktmeta_next(descriptor, CInt(bitPattern: id), value, size) }
    }

    /// Of each of the next datagrams, at most that many.
    public func nextBatch(
        _ count: Int, on descriptor: CInt
    ) throws(SocketFieldError) -> [Result<Value, SocketFieldError>] {
        var values = [UInt8](repeating: 0, count: max(1, count * size))
        var errors = [CInt](repeating: 0, count: count)
        // The call writes at most so many of both.
        let done = unsafe values.withUnsafeMutableBytes { values in
            unsafe errors.withUnsafeMutableBufferPointer { errors in
                unsafe pktmeta_next_batch(
                    descriptor, CInt(bitPattern: id), values.baseAddress, size, errors.baseAddress, CInt(count))
            }
        }
        guard done >= 0 else { throw SocketFieldError(errno: -done) }
        return (0..<Int(done)).map { index in
            errors[index] == 0
                ? .success(Value(bytes: values[index * size..<(index + 1) * size]))
                : .failure(SocketFieldError(errno: -errors[index]))
        }
    }

    /// The value of the datagram that recvmsg() has returned with this timestamp (SCM_TIMESTAMPNS), after ``receiveAt(on:)``.
    /// Right for any number of threads that read.
    public func at(seconds: Int, nanoseconds: Int, on descriptor: CInt) throws(SocketFieldError) -> Value {
        var time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
        return try unsafe ask { (value, _) in unsafe pktmeta_at(descriptor, CInt(bitPattern: id), &time, value, size) }
    }

    /// Of the next bytes of TCP, the value or why there is none, and for how many of them that holds; 0: for none.
    public func nextBytes(on descriptor: CInt) -> (value: Result<Value, SocketFieldError>, bytes: Int) {
        var bytes = 0
        let value: Result<Value, SocketFieldError>
        do throws(SocketFieldError) {
            value = .success(
                try unsafe ask { (value, bytes) in
                    unsafe pktmeta_next_bytes(descriptor, CInt(bitPattern: id), value, size, bytes)
                } bytes: {
                    bytes = $0
                })
        } catch {
            value = .failure(error)
        }
        return (value, bytes)
    }

    /// Has the value, of at most 4 bytes, told by recvmsg() as the mark of packets that come from now on (SCM_MARK); 0 of those
    /// that have it not.
    public func receiveMark(on descriptor: CInt) throws(SocketFieldError) {
        try SocketFieldError.check(pktmeta_receive_mark(descriptor, CInt(bitPattern: id)))
    }

    private func ask(
        _ call: (UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>) -> CInt, bytes told: (Int) -> Void = { _ in }
    ) throws(SocketFieldError) -> Value {
        var value = [UInt8](repeating: 0, count: max(1, size))
        var bytes = 0
        // The call writes so many bytes of the value.
        let err = unsafe value.withUnsafeMutableBytes { unsafe call($0.baseAddress, &bytes) }
        told(bytes)
        try SocketFieldError.check(err)
        return Value(bytes: value.prefix(size))
    }
}

extension SocketField {
    /// Has fields of datagrams that come from now on kept for ``at(seconds:nanoseconds:on:)``, and their timestamps told by
    /// recvmsg() (SCM_TIMESTAMPNS), whose lowest bits are not the time any more.
    public static func receiveAt(on descriptor: CInt) throws(SocketFieldError) {
        try SocketFieldError.check(pktmeta_receive_at(descriptor))
    }

    /// Has fields of TCP's packets that come from now on kept for ``nextBytes(on:)``.
    public static func receiveBytes(on descriptor: CInt) throws(SocketFieldError) {
        try SocketFieldError.check(pktmeta_receive_bytes(descriptor))
    }
}
