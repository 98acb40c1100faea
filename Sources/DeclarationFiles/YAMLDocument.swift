// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata

/// A file's one document, as a tree.
struct YAMLDocument {
    /// nil for an empty document, and for what could not be read to its end.
    let root: Node?
    /// What no document may have, in order: the last is what kept from reading on.
    let faults: [DocumentFault]

    /// Lists and mappings in each other.
    static let mostLevels = 16

    init(_ bytes: [UInt8], named file: String) {
        var builder = TreeBuilder(file: file)
        do throws(DocumentError) {
            let text = try DocumentText(bytes, named: file)
            if let tree = Self.json(text, named: file) {
                root = tree.root
            } else {
                root = try builder.tree(of: text)
            }
        } catch {
            root = nil
            builder.faults.append(error.fault)
        }
        faults = builder.faults
    }

    /// nil for what is no JSON, or has a fault: libyaml reads it all the same, and finds all faults.
    private static func json(_ text: DocumentText, named file: String) -> JSONTree? {
        guard let tree = try? JSONTree(text, named: file, mostLevels: mostLevels), !tree.hasDuplicates else {
            return nil
        }
        return tree
    }
}

/// Makes a tree of a parser's events, and notes what no document may have.
private struct TreeBuilder {
    let file: String
    var faults: [DocumentFault] = []

    mutating func tree(of text: DocumentText) throws(DocumentError) -> Node? {
        var root: Node?
        var failure: DocumentError?
        // The stream ends in there, before the bytes may move.
        unsafe text.bytes.withUnsafeBufferPointer { bytes in
            do throws(DocumentError) {
                let stream = try unsafe EventStream(text, at: bytes, named: file)
                root = try document(stream)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return root
    }

    private mutating func document(_ stream: borrowing EventStream) throws(DocumentError) -> Node? {
        var root: Node?
        var hasDocument = false
        while true {
            let (event, place) = try stream.next()
            switch event {
            case .end: return root
            case .documentStart(let hasTags):
                if hasDocument { throw DocumentError(DocumentFault(at: place, .secondDocument)) }
                hasDocument = true
                if hasTags { faults.append(DocumentFault(at: place, .tag)) }
                root = try node(stream, stream.next(), level: 1)
            default: break
            }
        }
    }

    /// - Parameter level: of a list or mapping that begins there, from 1.
    private mutating func node(
        _ stream: borrowing EventStream, _ first: (EventStream.Event, DocumentPlace), level: Int
    ) throws(DocumentError) -> Node? {
        let (event, place) = first
        switch event {
        case .text(let text, let isPlain, let properties):
            note(properties, place)
            // By an escape, in double quotes: no path or name has one.
            if text.utf8.contains(0) { throw DocumentError(DocumentFault(at: place, .controlCharacter(0))) }
            return Node(value: .text(text, isPlain: isPlain), place: place)
        case .alias:
            faults.append(DocumentFault(at: place, .alias))
            return Node(value: .refused, place: place)
        case .listStart(let properties):
            try enter(level, properties, place)
            var nodes: [Node] = []
            while let node = try node(stream, stream.next(), level: level + 1) { nodes.append(node) }
            return Node(value: .list(nodes), place: place)
        case .mappingStart(let properties):
            try enter(level, properties, place)
            return Node(value: .mapping(try entries(stream, level: level)), place: place)
        default: return nil
        }
    }

    private mutating func entries(
        _ stream: borrowing EventStream, level: Int
    ) throws(DocumentError) -> [Entry] {
        var entries: [Entry] = []
        var places: [String: DocumentPlace] = [:]
        while let key = try node(stream, stream.next(), level: level + 1),
            let value = try node(stream, stream.next(), level: level + 1)
        {
            guard case .text(let text, let isPlain) = key.value else {
                if key.kind != nil { faults.append(DocumentFault(at: key.place, .keyIsNoText)) }
                continue
            }
            if text == "<<", isPlain {
                faults.append(DocumentFault(at: key.place, .mergeKey))
            } else if let first = places[text] {
                faults.append(DocumentFault(at: key.place, .duplicateKey(text, first: first)))
            } else {
                places[text] = key.place
                entries.append(Entry(key: text, keyPlace: key.place, value: value))
            }
        }
        return entries
    }

    private mutating func enter(
        _ level: Int, _ properties: EventStream.Properties, _ place: DocumentPlace
    ) throws(DocumentError) {
        note(properties, place)
        if level > YAMLDocument.mostLevels {
            throw DocumentError(DocumentFault(at: place, .tooDeep(most: YAMLDocument.mostLevels)))
        }
    }

    private mutating func note(_ properties: EventStream.Properties, _ place: DocumentPlace) {
        if properties.hasAnchor { faults.append(DocumentFault(at: place, .anchor)) }
        if properties.hasTag { faults.append(DocumentFault(at: place, .tag)) }
    }
}
