// SPDX-License-Identifier: BSD-2-Clause

internal import Clibyaml
internal import PacketMetadata

/// A document as libyaml takes it apart.
@safe struct EventStream: ~Copyable {
    enum Event {
        case documentStart(hasTags: Bool)
        case alias
        case text(String, isPlain: Bool, Properties)
        case listStart(Properties)
        case listEnd
        case mappingStart(Properties)
        case mappingEnd
        /// The beginning of the stream, the end of a document.
        case other
        case end
    }

    /// What may stand in front of a part of a document.
    struct Properties {
        let hasAnchor: Bool
        let hasTag: Bool
    }

    private let file: String
    private let scalars: String.UnicodeScalarView
    // Invariant: initialised until deinit, and so are the bytes that it reads, of which the holder lends them for as long.
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// - Parameter bytes: stay where they are for as long as the stream lives.
    @unsafe init(_ text: DocumentText, at bytes: UnsafeBufferPointer<UInt8>, named file: String) throws(DocumentError) {
        self.file = file
        scalars = text.scalars
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            let place = DocumentPlace(file: file, line: 1, column: 1)
            throw DocumentError(DocumentFault(at: place, .syntax("out of memory")))
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    /// The next event, and where it begins.
    func next() throws(DocumentError) -> (Event, DocumentPlace) {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw DocumentError(syntaxFault) }
        // What the event points to is the event's until then, and copied before.
        defer { unsafe yaml_event_delete(&event) }
        return unsafe (Self.event(event), place(event.start_mark))
    }

    private func place(_ mark: yaml_mark_t) -> DocumentPlace {
        DocumentPlace(file: file, line: mark.line + 1, column: mark.column + 1)
    }

    private var syntaxFault: DocumentFault {
        let mark = unsafe parser.pointee.problem_mark
        if scalars.dropFirst(mark.index).first == "\t" { return DocumentFault(at: place(mark), .tab) }
        // libyaml's texts are constants.
        let texts = unsafe [parser.pointee.context, parser.pointee.problem].compactMap { unsafe $0 }
            .map { unsafe String(cString: $0) }
        return DocumentFault(at: place(mark), .syntax(texts.joined(separator: ", ")))
    }

    private static func event(_ event: yaml_event_t) -> Event {
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT: return .end
        case YAML_DOCUMENT_START_EVENT:
            let tags = unsafe event.data.document_start.tag_directives
            return unsafe .documentStart(hasTags: tags.start != tags.end)
        case YAML_ALIAS_EVENT: return .alias
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe .text(
                String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                Properties(hasAnchor: scalar.anchor != nil, hasTag: scalar.tag != nil))
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe .listStart(Properties(hasAnchor: start.anchor != nil, hasTag: start.tag != nil))
        case YAML_SEQUENCE_END_EVENT: return .listEnd
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe .mappingStart(Properties(hasAnchor: start.anchor != nil, hasTag: start.tag != nil))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .other
        }
    }
}
