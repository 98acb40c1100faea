// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// The values behind the keys of a mapping.
struct Members<Key: DocumentKey> {
    fileprivate(set) var nodes: [Key: Node] = [:]

    subscript(_ key: Key) -> Node? { nodes[key] }
    func has(_ key: Key) -> Bool { nodes[key] != nil }
}

/// What a part of a document must be. Each of these notes what is wrong with it, and is nil then.
extension DocumentReader {
    mutating func note(_ problem: DocumentFault.Problem, at node: Node) {
        faults.append(DocumentFault(at: node.place, problem))
    }

    /// - Parameter found: may have been refused already.
    private mutating func refuse(_ found: Node, needing kinds: DocumentFault.Kind...) {
        guard let kind = found.kind else { return }
        note(found.isNothing ? .emptyValue : .wrongKind(kind, needs: kinds), at: found)
    }

    /// A text that is not empty.
    mutating func text(_ node: Node) -> String? {
        guard case .text(let text, _) = node.value else {
            refuse(node, needing: .text)
            return nil
        }
        if text.isEmpty {
            note(.emptyValue, at: node)
            return nil
        }
        return text
    }

    /// A list, or nothing.
    mutating func list(_ node: Node) -> [Node]? {
        if case .list(let nodes) = node.value { return nodes }
        if node.isNothing { return [] }
        refuse(node, needing: .list)
        return nil
    }

    /// A list of texts; a text that stands alone is a list of one.
    mutating func texts(_ node: Node) -> [Placed<String>]? {
        let nodes: [Node]
        switch node.value {
        case .list(let elements): nodes = elements
        case .text: nodes = [node]
        case .mapping, .refused:
            refuse(node, needing: .text, .list)
            return nil
        }
        let texts = nodes.compactMap { element in
            text(element).map { Placed(value: $0, place: element.place) }
        }
        return texts.count == nodes.count ? texts : nil
    }

    /// A mapping whose keys are names, or nothing.
    mutating func table(_ node: Node) -> [Entry]? {
        if case .mapping(let entries) = node.value { return entries }
        if node.isNothing { return [] }
        refuse(node, needing: .mapping)
        return nil
    }

    /// A mapping with no other keys.
    mutating func members<Key: DocumentKey>(_ node: Node, _: Key.Type) -> Members<Key>? {
        guard case .mapping(let entries) = node.value else {
            refuse(node, needing: .mapping)
            return nil
        }
        var members = Members<Key>()
        for entry in entries {
            if let key = Key(rawValue: entry.key) {
                members.nodes[key] = entry.value
            } else {
                faults.append(DocumentFault(at: entry.keyPlace, .unknownKey(entry.key, among: Key.names)))
            }
        }
        return members
    }

    /// One of the words of an enum.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ node: Node, _: Word.Type) -> Word? {
        guard let text = text(node) else { return nil }
        if let word = Word(rawValue: text) { return word }
        note(.unknownWord(text, among: Word.allCases.map(\.rawValue)), at: node)
        return nil
    }

    mutating func flag(_ node: Node) -> Bool? { word(node, FlagWord.self).map { $0 == .yes } }

    /// A number in decimal digits.
    mutating func number(_ node: Node, upTo most: Int) -> Int? {
        guard let text = text(node) else { return nil }
        if let number = decimal(text), number <= most { return number }
        note(.badNumber(text, most: most), at: node)
        return nil
    }

    /// What the library makes of it.
    mutating func attempt<Value>(
        at node: Node, _ body: () throws(PacketMetadataError) -> Value
    ) -> Value? { attempt(at: node.place, body) }

    mutating func attempt<Value>(
        at place: DocumentPlace, _ body: () throws(PacketMetadataError) -> Value
    ) -> Value? {
        do throws(PacketMetadataError) {
            return try body()
        } catch {
            faults.append(DocumentFault(at: place, .refused(error)))
            return nil
        }
    }
}
