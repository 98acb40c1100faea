// SPDX-License-Identifier: BSD-2-Clause

public import PacketMetadata
public import RegistryModel
public import SystemPackage

/// What a container network's configuration says that is for this package (CNI, the Container Network Interface).
public struct NetworkConfiguration: Sendable, Hashable {
    /// The network's.
    public let name: String
    /// Where it is declared what interfaces of the host have; empty if the configuration does not say.
    public let documents: [FilePath]
    /// The registry's folder of pins; nil if the configuration does not say.
    public let registry: FilePath?
    /// What is declared of interfaces in the container's network namespace.
    public let container: [AttachmentDeclaration]
    /// What the plugins before this one have made; nil if the configuration has none.
    public let previous: PreviousResult?

    /// What the plugins before this one have told.
    public struct PreviousResult: Sendable, Hashable {
        /// As the runtime wrote it, with the version of the configuration if it has none.
        public let text: String
        public let interfaces: [Interface]
    }

    /// An interface of a result.
    public struct Interface: Sendable, Hashable {
        public let name: String
        /// The network namespace that it is in, by a path; nil for the host's.
        public let sandbox: String?
    }
}

/// A container network's configuration, as JSON.
public struct NetworkDocument {
    /// Of the specification that the runtime goes by; nil if the document does not say.
    public let version: String?
    private let text: DocumentText
    private let tree: JSONTree
    private let file: String

    /// A result may have more in it than a declaration.
    private static let mostLevels = 64

    /// - Parameters:
    ///   - bytes: the text.
    ///   - file: its name, for places.
    /// - Throws: ``DeclarationRefusal`` for what is no JSON.
    public init(_ bytes: [UInt8], named file: String) throws(PacketMetadataError) {
        self.file = file
        do throws(DocumentError) {
            text = try DocumentText(bytes, named: file)
            tree = try JSONTree(text, named: file, mostLevels: Self.mostLevels)
        } catch {
            throw PacketMetadataError(DeclarationRefusal([error.fault])).keeping(from: .readNetwork)
        }
        version = tree.root.member("cniVersion")?.said
    }

    /// Reads what is for this package, and what the specification asks for. Other keys are others'.
    ///
    /// - Parameter interface: of the container, which is meant where the configuration names none.
    /// - Throws: ``DeclarationRefusal`` with all that is wrong.
    public func configuration(for interface: String) throws(PacketMetadataError) -> NetworkConfiguration {
        // Nothing says where a relative path would begin.
        var reader = DocumentReader(partsOf: file, in: "/")
        let configuration = reader.network(tree.root, interface) { previous in
            NetworkConfiguration.PreviousResult(text: written(previous), interfaces: previous.interfaces)
        }
        guard let configuration, reader.faults.isEmpty else {
            throw PacketMetadataError(DeclarationRefusal(reader.faults)).keeping(from: .readNetwork)
        }
        return configuration
    }

    /// The text of the previous result: numbers, escapes and unknown keys as they are.
    private func written(_ previous: Node) -> String {
        let bytes = tree.spans[NetworkKey.prevResult.rawValue].map { text.bytes[$0] } ?? []
        if previous.member(NetworkKey.cniVersion.rawValue) != nil { return String(decoding: bytes, as: UTF8.self) }
        let rest = String(decoding: bytes.dropFirst(), as: UTF8.self)
        let isEmpty = if case .mapping(let entries) = previous.value { entries.isEmpty } else { true }
        // A version that is supported has digits and dots alone.
        return "{\"cniVersion\":\"\(version ?? "")\"\(isEmpty ? "" : ",")\(rest)"
    }
}

/// The keys that matter here; others are those of other plugins.
private enum NetworkKey: String {
    case cniVersion, name, prevResult, declaration, registry, container
}

extension DocumentReader {
    fileprivate mutating func network(
        _ root: Node, _ interface: String, _ previous: (Node) -> NetworkConfiguration.PreviousResult
    ) -> NetworkConfiguration? {
        guard table(root) != nil else { return nil }
        func member(_ key: NetworkKey) -> Node? { root.member(key.rawValue).flatMap { $0.isNull ? nil : $0 } }
        let name = member(.name).flatMap { text($0) }
        if member(.name) == nil { note(.missingKey(NetworkKey.name.rawValue), at: root) }
        let documents = member(.declaration).flatMap { paths($0) } ?? []
        let registry = member(.registry).flatMap { absolutePath($0) }
        let container = member(.container).flatMap { list($0) } ?? []
        let attachments = container.compactMap { containerInterface($0, interface) }
        var result: NetworkConfiguration.PreviousResult?
        if let node = member(.prevResult), table(node) != nil { result = previous(node) }
        guard let name else { return nil }
        return NetworkConfiguration(
            name: name, documents: documents, registry: registry, container: attachments, previous: result)
    }

    private mutating func paths(_ node: Node) -> [FilePath]? {
        guard let texts = texts(node) else { return nil }
        return texts.compactMap { text in
            absolutePath(Node(value: .text(text.value, isPlain: false), place: text.place))
        }
    }

    /// As an interface of a document, but that it is in the container's network namespace, and need not be named.
    private mutating func containerInterface(_ node: Node, _ interface: String) -> AttachmentDeclaration? {
        guard case .mapping(var entries) = node.value else { return self.interface(node, owner: "") }
        if let netns = entries.first(where: { $0.key == InterfaceKey.netns.rawValue }) {
            let keys = InterfaceKey.names.filter { $0 != netns.key }
            faults.append(DocumentFault(at: netns.keyPlace, .unknownKey(netns.key, among: keys)))
            return nil
        }
        if !entries.contains(where: { $0.key == InterfaceKey.name.rawValue }) {
            let name = Node(value: .text(interface, isPlain: false), place: node.place)
            entries.append(Entry(key: InterfaceKey.name.rawValue, keyPlace: node.place, value: name))
        }
        return self.interface(
            Node(value: .mapping(entries), place: node.place), owner: ContainerDeclaration.owner)
    }
}

extension Node {
    fileprivate func member(_ key: String) -> Node? {
        guard case .mapping(let entries) = value else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// A text that is not empty.
    fileprivate var said: String? {
        if case .text(let text, isPlain: false) = value, !text.isEmpty { text } else { nil }
    }

    /// As JSON's `null`, which says nothing.
    fileprivate var isNull: Bool { if case .text("null", isPlain: true) = value { true } else { false } }

    /// Of a result.
    fileprivate var interfaces: [NetworkConfiguration.Interface] {
        guard case .list(let nodes)? = member("interfaces")?.value else { return [] }
        return nodes.compactMap { node in
            node.member("name")?.said.map { .init(name: $0, sandbox: node.member("sandbox")?.said) }
        }
    }
}
