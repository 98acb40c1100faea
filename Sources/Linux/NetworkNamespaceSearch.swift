// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

extension NetworkNamespace {
    /// Looks for the one in which something is so: this thread's, then those that have a name, a mount, a process, a
    /// thread or an open descriptor. One that only a socket keeps alive is not found.
    ///
    /// - Returns: nil if it is not among them, or this process may not enter it (CAP_SYS_ADMIN).
    public static func find(where condition: () -> Bool) -> NetworkNamespace? {
        var seen: Set<UInt64> = []
        for list in searches {
            for path in list() {
                guard let namespace = try? NetworkNamespace(path: path), let inode = try? namespace.inode(),
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

    /// The cheap ones first.
    private static let searches: [@Sendable () -> [FilePath]] = [
        { ["/proc/thread-self/ns/net"] },
        { paths(in: "/run/netns") },
        { ((try? MountPoint.all(ofType: "nsfs")) ?? []).filter { $0.root.hasPrefix("net:") }.map(\.path) },
        { processes.map { $0.appending("ns/net") } },
        { processes.flatMap { paths(in: $0.appending("task")) }.map { $0.appending("ns/net") } },
        { processes.flatMap { paths(in: $0.appending("fd")) }.filter(isNamespace) },
    ]

    private static var processes: [FilePath] {
        paths(in: "/proc").filter { UInt32($0.lastComponent?.string ?? "") != nil }
    }

    private static func paths(in folder: FilePath) -> [FilePath] {
        ((try? Folder.names(in: folder)) ?? []).map { folder.appending($0) }
    }

    private static func isNamespace(_ descriptor: FilePath) -> Bool {
        Folder.target(ofLink: descriptor)?.hasPrefix("net:[") ?? false
    }
}
