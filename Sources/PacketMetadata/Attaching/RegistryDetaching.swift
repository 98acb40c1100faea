// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

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
        try detach(hooks, programs, from: interfaceNames, skippingUntouched: skippingUntouched) {
            () throws(PacketMetadataError) in
            try Attacher.all(interfaceNames, programs: CommandPrograms()) { .detach(from: [$0]) }
        }
    }

    /// The same from places of netfilter in this thread's network namespace: those of which this registry has some.
    ///
    /// - Parameters:
    ///   - programs: which ones; all if empty.
    ///   - isMeant: whether a place is meant; of several there must be at least one that has a program.
    /// - Throws: likewise.
    public func detachFromNetfilter(
        programs: [String] = [], where isMeant: (NetfilterHook) -> Bool
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let places = try netfilterPlaces().filter(isMeant)
        // If there are none, what a command that was killed has left goes all the same.
        let names = places.isEmpty ? ["netfilter"] : places.map(\.description)
        return try detach([.netfilter], programs, from: names, skippingUntouched: true) {
            () throws(PacketMetadataError) in
            try Attacher.all(places, programs: CommandPrograms()) { .detach(from: [$0]) }
        }
    }

    /// Those of this thread's network namespace where this registry has programs.
    private func netfilterPlaces() throws(PacketMetadataError) -> [NetfilterHook] {
        let here = try? NetworkNamespace.currentCookie()
        var places: [NetfilterHook] = []
        for name in try AttachmentStore(pins).names() {
            guard case .netfilter(let netnsCookie, let place)? = HookPoint(attachmentNamed: name)?.site,
                netnsCookie == here, !places.contains(place)
            else { continue }
            places.append(place)
        }
        return places
    }

    /// The same from cgroups, by their folders.
    public func detach(
        from cgroups: [FilePath], hooks: [Hook], programs: [String] = []
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        try detach(hooks, programs, from: cgroups.map(\.string), skippingUntouched: false) {
            () throws(PacketMetadataError) in
            try Attacher.all(cgroups, takesRoot: true, hooks: [], programs: CommandPrograms()) { .detach(from: [$0]) }
        }
    }

    /// - Parameter names: what is detached from.
    private func detach(
        _ hooks: [Hook], _ programs: [String], from names: [String], skippingUntouched: Bool,
        _ attachers: () throws(PacketMetadataError) -> [Attacher]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let store = AttachmentStore(pins)
        let action = Action.detach(from: names)
        let attachers = try attachers()
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
    func unambiguousIndex(_ store: AttachmentStore) throws(PacketMetadataError) -> AttachmentIndex {
        let index = try AttachmentIndex(store)
        if !index.isAmbiguous { return index }
        try recover()
        return try AttachmentIndex(store)
    }
}
