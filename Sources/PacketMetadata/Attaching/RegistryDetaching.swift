// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

extension Registry {
    /// Detaches this registry's programs from hooks of interfaces of this thread's network namespace.
    ///
    /// - Parameters:
    ///   - interfaceNames: as `ip link` shows them.
    ///   - hooks: just those.
    ///   - programs: just those, by what users know them by; all if empty.
    ///   - skippingUntouched: leaves out interfaces that have none, as long as one has.
    /// - Throws: `notFound` if there is no such interface, or nothing of this registry is attached there.
    public func detach(
        from interfaceNames: [String], hooks: [Hook], programs: [String] = [], skippingUntouched: Bool = false
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let store = AttachmentStore(pins)
        let summary = "cannot detach from \(interfaceNames.joined(separator: ", "))"
        let attachers = try InterfaceAttacher.all(interfaceNames, store: store, "cannot detach from")
        return try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try store.recover()
            } catch {
                throw error.keeping(from: summary)
            }
            var changes: [HookChange] = []
            for attacher in attachers {
                let here = try attacher.changes(detaching: programs, from: hooks, self)
                if here.isEmpty, !skippingUntouched { throw nothingAttached(attacher.summary, hooks) }
                changes += here
            }
            if changes.isEmpty { throw nothingAttached(summary, hooks) }
            return try apply(changes, store, summary).filter { $0.outcome == .detached }
        }
    }

    private func nothingAttached(_ summary: String, _ hooks: [Hook]) -> PacketMetadataError {
        PacketMetadataError(
            .notFound, summary,
            reason: "nothing of the registry \(path) is attached to its "
                + hooks.map(\.description).joined(separator: " or "))
    }
}
