// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata

/// A part of a document, with the place at which it begins.
struct Node {
    enum Value {
        /// - Parameter isPlain: whether it has no quotes.
        case text(String, isPlain: Bool)
        case list([Node])
        case mapping([Entry])
        /// What was refused already.
        case refused
    }

    let value: Value
    let place: DocumentPlace

    /// nil for what was refused.
    var kind: DocumentFault.Kind? {
        switch value {
        case .text: .text
        case .list: .list
        case .mapping: .mapping
        case .refused: nil
        }
    }

    /// Whether nothing stands there, as behind `fields:`.
    var isNothing: Bool {
        if case .text("", isPlain: true) = value { true } else { false }
    }
}

/// A key of a mapping, and what it says.
struct Entry {
    let key: String
    let keyPlace: DocumentPlace
    let value: Node
}
