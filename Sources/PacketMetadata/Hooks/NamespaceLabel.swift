// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// A network namespace, as seen from this process.
public enum NamespaceLabel: Sendable, Hashable {
    /// This thread's.
    case here
    /// By its name under /run/netns.
    case named(String)
    /// By its cookie (SO_NETNS_COOKIE): it has no name, or this process may not look.
    case cookie(UInt64)
}

extension NamespaceLabel {
    /// Of the one that this thread is in.
    ///
    /// - Parameters:
    ///   - cookie: the namespace's.
    ///   - home: the cookie of the namespace that is called ``here``.
    static func current(_ cookie: UInt64, seenFrom home: UInt64?) -> NamespaceLabel {
        if cookie == home { return .here }
        let name = (try? NetworkNamespace.current().name()) ?? nil
        return name.map { .named($0) } ?? .cookie(cookie)
    }
}
