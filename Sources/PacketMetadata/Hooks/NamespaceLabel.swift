// SPDX-License-Identifier: BSD-2-Clause

/// A network namespace, as seen from this process.
public enum NamespaceLabel: Sendable, Hashable {
    /// This thread's.
    case here
    /// By its name under /run/netns.
    case named(String)
    /// By its cookie (SO_NETNS_COOKIE): it has no name, or this process may not look.
    case cookie(UInt64)
}
