// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// The attachments of a registry by their names and by what holds them, asked once. What they are is read where it is asked for, once.
///
/// To be made under the registry's lock, once what killed processes left is finished.
final class AttachmentIndex {
    private let store: AttachmentStore
    private var names: Set<String> = []
    private var holds: [String: Hold] = [:]
    private var namesByPoint: [HookPoint: Set<String>] = [:]
    private var namesByTrace: [HookTrace: [String]] = [:]
    private var known: [String: Attachment] = [:]
    private let objects = ObjectPool()

    init(_ store: AttachmentStore) throws(PacketMetadataError) {
        self.store = store
        for name in try store.names() where !name.hasPrefix(AttachmentStore.temporaryPrefix) {
            if let point = HookPoint(attachmentNamed: name) { namesByPoint[point, default: []].insert(name) }
            names.insert(name)
            let folders = store.folders(name)
            do throws(BPFError) {
                holds[name] = try folders.anchor.hold()
            } catch {
                throw PacketMetadataError(error, needs: [.bpf]).keeping(from: .readAttachment(folders.entry.path))
            }
            if let hold = holds[name] { namesByTrace[hold.trace, default: []].append(name) }
        }
    }

    /// Whether hooks do not tell some from each other: an interface was moved to another network namespace, where it got the
    /// index that another has whose XDP program is the same. Loading them anew parts them.
    var isAmbiguous: Bool { namesByTrace.values.contains { $0.count > 1 } }

    /// The attachments of a hook that they stay at, in the order in which they were attached, which is that in which they run.
    func attachments(at point: HookPoint) throws(PacketMetadataError) -> [Attachment] {
        let links = namesByPoint[point, default: []].map { (name: $0, link: holds[$0]?.link?.id ?? .max) }
        var attachments: [Attachment] = []
        for (name, _) in links.sorted(by: { ($0.link, $0.name) < ($1.link, $1.name) }) {
            if let attachment = try attachment(name) { attachments.append(attachment) }
        }
        return attachments
    }

    /// The attachments of an interface's hook in this thread's network namespace, in the order in which they run. An attachment
    /// that has come there with its interface gets its new name, and one that has gone another one.
    ///
    /// - Parameter programs: what the kernel says that the hook has.
    func attachments(
        at point: HookPoint, having programs: [HookProgram]
    ) throws(PacketMetadataError) -> [Attachment] {
        let here = programs.flatMap { namesByTrace[$0.trace, default: []] }
        for name in namesByPoint[point, default: []].subtracting(here).sorted() {
            // Of an interface that had this index here and lives on in another namespace.
            rename(name, to: try store.setAside(name))
        }
        var attachments: [Attachment] = []
        for name in here {
            var name = name
            if namesByPoint[point]?.contains(name) != true { name = rename(name, to: try store.adopt(name, at: point)) }
            if let attachment = try attachment(name) { attachments.append(attachment) }
        }
        return attachments
    }

    /// All of them, by their names.
    func all() throws(PacketMetadataError) -> [Attachment] {
        for attachment in try store.attachments(
            names.filter { known[$0] == nil }.sorted(), keeping: objects)
        {
            known[attachment.name] = attachment
        }
        return known.keys.sorted().compactMap { known[$0] }
    }

    private func attachment(_ name: String) throws(PacketMetadataError) -> Attachment? {
        if let attachment = known[name] { return attachment }
        let attachment = try store.attachments([name], keeping: objects).first
        known[name] = attachment
        return attachment
    }

    @discardableResult
    private func rename(_ old: String, to new: String) -> String {
        if let point = HookPoint(attachmentNamed: old) { namesByPoint[point]?.remove(old) }
        if let point = HookPoint(attachmentNamed: new) { namesByPoint[point, default: []].insert(new) }
        known[old] = nil
        names.remove(old)
        names.insert(new)
        guard let hold = holds.removeValue(forKey: old) else { return new }
        holds[new] = hold
        namesByTrace[hold.trace] = namesByTrace[hold.trace, default: []].map { $0 == old ? new : $0 }
        return new
    }
}
