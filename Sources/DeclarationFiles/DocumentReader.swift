// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Reads what a document says, and notes all that is wrong with it.
struct DocumentReader {
    let file: String
    /// Where its relative paths begin.
    let folder: FilePath
    private(set) var content = DocumentContent()
    var faults: [DocumentFault]

    /// - Parameters:
    ///   - file: its name, for places.
    ///   - folder: an absolute path.
    init(_ bytes: [UInt8], named file: String, in folder: FilePath) {
        self.file = file
        self.folder = folder
        let document = YAMLDocument(bytes, named: file)
        faults = document.faults
        if let root = document.root, !root.isNothing {
            read(root)
        } else if faults.isEmpty {
            let start = DocumentPlace(file: file, line: 1, column: 1)
            faults.append(DocumentFault(at: start, .missingKey(RootKey.owner.rawValue)))
        }
    }

    /// Of parts of a document that is something else as a whole.
    init(partsOf file: String, in folder: FilePath) {
        (self.file, self.folder, faults) = (file, folder, [])
    }

    private mutating func read(_ root: Node) {
        guard let members = members(root, RootKey.self) else { return }
        if let node = members[.owner] {
            content.owner = owner(node) ?? ""
        } else {
            note(.missingKey(RootKey.owner.rawValue), at: root)
        }
        if let node = members[.include], !node.isNothing { content.includes = texts(node) ?? [] }
        if let node = members[.registry] { registry(node) }
        if let node = members[.fields] {
            content.fields = (table(node) ?? []).compactMap { field($0, owner: content.owner) }
        }
        if let node = members[.interfaces] {
            content.attachments += (list(node) ?? []).compactMap { interface($0, owner: content.owner) }
        }
        if let node = members[.cgroups] {
            content.attachments += (list(node) ?? []).compactMap { cgroup($0, owner: content.owner) }
        }
        if let node = members[.netfilter] {
            content.attachments += (list(node) ?? []).flatMap { netfilter($0, owner: content.owner) }
        }
        if let node = members[.layout] { content.layout = (table(node) ?? []).compactMap { placedField($0) } }
    }

    private mutating func owner(_ node: Node) -> String? {
        guard let text = text(node) else { return nil }
        if text == ContainerDeclaration.owner {
            note(.reservedOwner(text), at: node)
            return nil
        }
        return attempt(at: node) { () throws(PacketMetadataError) in
            try FieldDefinition.checkOwner(text)
            return text
        }
    }

    private mutating func registry(_ node: Node) {
        if node.isNothing { return }
        guard let members = members(node, RegistryKey.self) else { return }
        if let node = members[.path], let path = absolutePath(node) {
            content.path = Placed(value: path, place: node.place)
        }
        if let node = members[.capacity], let text = text(node) {
            if let capacity = decimal(text), RegistryWord.capacities.contains(capacity) {
                content.capacity = Placed(value: capacity, place: node.place)
            } else {
                note(.badCapacity(text), at: node)
            }
        }
        if let node = members[.statistics], let statistics = word(node, Statistics.self) {
            content.statistics = Placed(value: statistics, place: node.place)
        }
        if let node = members[.modeBits] ?? members[.group] {
            let bits = members[.modeBits].map { text($0) }
            let group = members[.group].map { text($0) }
            // What is there and is no text has been noted.
            if bits == .some(nil) || group == .some(nil) { return }
            let access = attempt(at: node) { () throws(PacketMetadataError) in
                try PinAccess(modeBits: bits ?? nil, group: group ?? nil)
            }
            content.access = access.map { Placed(value: $0, place: node.place) }
        }
    }

    mutating func absolutePath(_ node: Node) -> FilePath? {
        guard let text = text(node) else { return nil }
        let path = FilePath(text)
        if path.isAbsolute { return path }
        note(.relativePath(text), at: node)
        return nil
    }

    /// A network namespace by its name, as `ip netns` has it.
    mutating func namespace(_ node: Node) -> String? {
        guard let text = text(node) else { return nil }
        // An option takes a number for a process, which is another one on each host.
        if FolderEntry.isName(text), UInt32(text) == nil { return text }
        note(.badNetns(text), at: node)
        return nil
    }
}
