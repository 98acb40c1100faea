// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// The network namespaces that this process finds, by their cookies: each asked for once, and only if somebody wants to know.
final class KnownNamespaces {
    private let home = try? NetworkNamespace.currentCookie()
    private var known: [UInt64: NamespaceLabel?] = [:]
    private var deserted: Set<UInt64> = []

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

    /// Whether nothing is found that keeps a network namespace alive (``NetworkNamespace/find(where:)``), by a process
    /// that sees all: what is attached there by a link most likely does it alone. Looked for twice, since what holds it
    /// may go from one process to another meanwhile.
    func isDeserted(_ cookie: UInt64) -> Bool {
        guard seesAll, label(cookie) == nil else { return false }
        if deserted.contains(cookie) { return true }
        known[cookie] = nil
        guard label(cookie) == nil else { return false }
        deserted.insert(cookie)
        return true
    }

    private let seesAll = Capability.missing(of: [.sysAdmin]).isEmpty && PIDNamespace.isInitial
}
