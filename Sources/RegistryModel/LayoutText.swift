// SPDX-License-Identifier: BSD-2-Clause

/// A registry's layout in words that are the same on two hosts just if the layouts are: what its digest is taken of.
///
/// The first line has the format's name and version. Capacity and ABI follow, then fields by their names, of each name,
/// type and place in bytes from the start of the area: a flag has none. Who registered a field, where its values come from
/// and where they go is no part of the layout.
public struct LayoutText: Hashable, Sendable {
    /// Without their ends.
    public let lines: [String]

    /// A change of what is in a line takes another version, so that digests of both differ.
    private static let version = 1

    fileprivate init(_ recorded: RecordedFields, withIDs: Bool) {
        lines =
            [
                "pktmeta-layout \(Self.version)\(withIDs ? " ids" : "")", "abi \(recorded.abiVersion)",
                "capacity \(recorded.capacity)",
            ]
            + recorded.fields.sorted { $0.definition.name < $1.definition.name }.map { field in
                let (name, type) = (field.definition.name, field.definition.type)
                let place = type.size == 0 ? "-" : "\(field.offset)"
                return "field \(name) \(type) \(place)" + (withIDs ? " \(field.id)" : "")
            }
    }

    /// Each line with its end.
    public var text: String { lines.map { $0 + "\n" }.joined() }

    /// SHA-256 of the text, in hexadecimal digits as sha256sum(1) prints it.
    public var digest: String {
        SHA256.digest(of: Array(text.utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}

extension RecordedFields {
    /// The layout of the fields that can be told.
    ///
    /// - Parameter withIDs: whether the fields' ids are a part of it, as for headers that are compiled in and ids in
    ///   configurations. An id has the slot in it, by which an area says that it carries a field.
    public func layout(withIDs: Bool) -> LayoutText {
        LayoutText(self, withIDs: withIDs)
    }
}
