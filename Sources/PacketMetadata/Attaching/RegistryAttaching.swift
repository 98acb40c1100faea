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
        try registeringMissing(request, Self.attachingSummary(interfaceNames)) { () throws(PacketMetadataError) in
            try attachRegistered(request, interfaceNames)
        }
    }

    private static func attachingSummary(_ interfaceNames: [String]) -> String {
        "cannot attach to \(interfaceNames.joined(separator: ", "))"
    }

    private func attachRegistered(
        _ request: AttachmentRequest, _ interfaceNames: [String]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let store = AttachmentStore(pins)
        let summary = Self.attachingSummary(interfaceNames)
        try request.checkModes(summary)
        let attachers = try InterfaceAttacher.all(interfaceNames, store: store, "cannot attach to")
        return try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try refuseIfReplaced(summary)
                try recover(summary)
            } catch {
                throw error.keeping(from: summary)
            }
            let image = try image()
            try refuseIfDamaged(image, summary)

            // Whatever is wrong with an object shows before anything is attached.
            var changes: [HookChange] = []
            for attacher in attachers {
                for hook in Hook.allCases { changes.append(try attacher.change(hook, request, image, self)) }
            }
            return try apply(changes, store, summary)
        }
    }

    /// Does all or nothing.
    func apply(
        _ changes: [HookChange], _ store: AttachmentStore, _ summary: String
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let undo = AttachmentUndo(store)
        var reports: [AttachmentReport] = []
        do throws(PacketMetadataError) {
            for change in changes { reports += try change.apply(undo, self) }
        } catch {
            if undo.revert() { throw error }
            let interfaces = Set(changes.map(\.attacher.interface.name)).sorted().joined(separator: ", ")
            throw error.unfinished(
                summary, "some of what was attached to \(interfaces) could not be taken back",
                remedy: "pktmeta status --registry \(path) shows what is attached; pktmeta repair finishes it.")
        }
        try undo.commit(summary)
        return reports
    }

    /// Whether this thread's network namespace has such an interface.
    ///
    /// - Throws: `notFound` if not.
    public static func checkInterface(_ name: String) throws(PacketMetadataError) {
        _ = try NetworkInterface.find(name, "cannot attach to \(name)")
    }
}
