// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// The network namespaces that this process finds, by their cookies: each asked for once, and only if somebody wants to know.
final class KnownNamespaces {
    private let home = try? NetworkNamespace.currentCookie()
    private var known: [UInt64: NamespaceLabel?] = [:]

    /// - Returns: nil if it is not found, or may not be entered.
    func label(_ cookie: UInt64) -> NamespaceLabel? {
        if cookie == home { return .here }
        if let label = known[cookie] { return label }
        let label = Self.find(cookie)
        known[cookie] = .some(label)
        return label
    }

    private static func find(_ cookie: UInt64) -> NamespaceLabel? {
        guard let found = NetworkNamespace.find(where: { (try? NetworkNamespace.currentCookie()) == cookie }) else {
            return nil
        }
        let name = (try? found.name()) ?? nil
        return name.map { .named($0) } ?? .cookie(cookie)
    }

    /// Whether a network namespace has no name, no mount, no process and no descriptor any more, as far as a process can
    /// tell that sees them all: what is attached there by a link is then all that keeps it alive.
    func isDeserted(_ cookie: UInt64) -> Bool { seesAll && label(cookie) == nil }

    private let seesAll = Capability.missing(of: [.sysAdmin]).isEmpty && PIDNamespace.isInitial
}
