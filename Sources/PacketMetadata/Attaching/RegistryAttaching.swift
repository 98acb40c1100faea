// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

extension Registry {
    /// Attaches programs to interfaces of this thread's network namespace, by pinned links that outlive this process.
    ///
    /// Where this registry has programs attached already, they are replaced, with no packet unprocessed in between.
    /// Programs of others are never touched. If anything fails, all hooks are as they were before.
    ///
    /// - Throws: `notFound` if there is no such interface, a program's field is not registered, or a neighbour is not
    ///   there; `badData` for what is wrong with an object; `taken` if something else holds the hook; `unsupported`;
    ///   `missingPrivilege`.
    public func attach(
        _ request: AttachmentRequest, to interfaceNames: [String]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let action = Action.attach(interfaces: interfaceNames)
        return try doing(action) { () throws(PacketMetadataError) in
            try registeringMissing(request, action) { () throws(PacketMetadataError) in
                try attachRegistered(request, interfaceNames, action)
            }
        }
    }

    private func attachRegistered(
        _ request: AttachmentRequest, _ interfaceNames: [String], _ action: Action
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let store = AttachmentStore(pins)
        try request.checkModes()
        let attachers = try InterfaceAttacher.all(interfaceNames, programs: CommandPrograms()) {
            .attach(interfaces: [$0])
        }
        return try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try refuseIfReplaced()
                try recover()
            } catch {
                throw error.keeping(from: action)
            }
            let image = try image()
            try refuseIfDamaged(image)
            let index = try AttachmentIndex(store)

            // Whatever is wrong with an object shows before anything is attached.
            var changes: [HookChange] = []
            for attacher in attachers {
                try doing(attacher.action) { () throws(PacketMetadataError) in
                    for hook in Hook.allCases { changes.append(try attacher.change(hook, request, image, index, self)) }
                }
            }
            return try apply(changes, store, action)
        }
    }

    /// Does all or nothing.
    ///
    /// - Parameter action: what was asked for.
    func apply(
        _ changes: [HookChange], _ store: AttachmentStore, _ action: Action
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let undo = AttachmentUndo(store)
        var reports: [AttachmentReport] = []
        do throws(PacketMetadataError) {
            for change in changes {
                reports += try doing(change.attacher.action) { () throws(PacketMetadataError) in
                    try change.apply(undo, self)
                }
            }
        } catch {
            if undo.revert() { throw error }
            let interfaces = Set(changes.map(\.attacher.interface.name)).sorted()
            throw error.unfinished(action, .attachedInPart(interfaces: interfaces, path))
        }
        try undo.commit(action)
        return reports
    }

    /// Whether this thread's network namespace has such an interface.
    ///
    /// - Throws: `notFound` if not.
    public static func checkInterface(_ name: String) throws(PacketMetadataError) {
        try doing(.attach(interfaces: [name])) { () throws(PacketMetadataError) in _ = try NetworkInterface.find(name) }
    }
}
