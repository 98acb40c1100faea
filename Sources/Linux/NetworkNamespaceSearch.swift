// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

extension NetworkNamespace {
    /// Looks for the one in which something is so: this thread's, then those that have a name, a mount, a process, a
    /// thread, an open descriptor or a socket (``NetworkNamespaceHandle``).
    ///
    /// - Returns: nil if it is not among them, or this process may not enter it (CAP_SYS_ADMIN).
    public static func find(where condition: () -> Bool) -> NetworkNamespace? {
        var seen: Set<UInt64> = []
        for list in NetworkNamespaceHandle.lists {
            for handle in list() {
                guard let namespace = try? handle.open(), let inode = try? namespace.inode(),
                    seen.insert(inode).inserted, (try? namespace.run { () throws(Errno) in condition() }) == true
                else { continue }
                return namespace
            }
        }
        return nil
    }

    /// Runs something where ``find(where:)`` finds that something is so.
    ///
    /// - Returns: nil if it is nowhere, or this process may not enter the namespace.
    public static func run<Value, Failure: Error>(
        where condition: () -> Bool, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        if condition() { return try body() }
        guard let namespace = find(where: condition) else { return nil }
        do throws(NamespaceError<Failure>) {
            return try namespace.run(body)
        } catch {
            switch error {
            case .body(let error): throw error
            case .entering: return nil
            }
        }
    }

    /// Runs something in each of those.
    public static func visitAll(_ body: () -> Void) {
        _ = find {
            body()
            return false
        }
    }
}
