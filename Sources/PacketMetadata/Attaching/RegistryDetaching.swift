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
        let action = Action.detach(interfaces: interfaceNames)
        let attachers = try InterfaceAttacher.all(interfaceNames, programs: CommandPrograms()) {
            .detach(interfaces: [$0])
        }
        return try pins.locked { () throws(PacketMetadataError) in
            let index: AttachmentIndex
            do throws(PacketMetadataError) {
                try store.recover()
                index = try unambiguousIndex(store)
            } catch {
                throw error.keeping(from: action)
            }
            let nothing = PacketMetadataError(AttachingRefusal.nothingAttached(path, hooks))
            var changes: [HookChange] = []
            for attacher in attachers {
                changes += try doing(attacher.action) { () throws(PacketMetadataError) in
                    let here = try attacher.changes(detaching: programs, from: hooks, index, self)
                    if here.isEmpty, !skippingUntouched { throw nothing }
                    return here
                }
            }
            if changes.isEmpty { throw nothing.keeping(from: action) }
            return try apply(changes, store, action).filter { $0.outcome == .detached }
        }
    }

    /// Attachments that hooks do not tell from each other are parted by loading their programs anew, which a renewal does.
    private func unambiguousIndex(_ store: AttachmentStore) throws(PacketMetadataError) -> AttachmentIndex {
        let index = try AttachmentIndex(store)
        if !index.isAmbiguous { return index }
        try recover()
        return try AttachmentIndex(store)
    }
}
