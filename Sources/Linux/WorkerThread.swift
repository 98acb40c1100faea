// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
public import SystemPackage

/// Work on a thread of its own (pthread_create(3)).
public final class WorkerThread: Sendable {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let thread: pthread_t

    /// - Throws: `resourceTemporarilyUnavailable` (EAGAIN) if there can be no more threads.
    public init(_ body: @escaping @Sendable () -> Void) throws(Errno) {
        var thread = pthread_t()
        // The thread takes over this reference.
        let work = unsafe Unmanaged.passRetained(Work(body))
        let error = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard error == 0 else {
            unsafe work.release()
            throw Errno(rawValue: error)
        }
        self.thread = thread
    }

    /// Waits until the work is done. To be called once.
    public func join() { pthread_join(thread, nil) }
}
