// SPDX-License-Identifier: BSD-2-Clause

/// An object's parts, checked against each other: what libbpf would crash on is refused.
struct ObjectImage {
    let file: ELFFile
    /// nil for an object that was compiled without debug information.
    let types: BTFTypes?
    let `extension`: BTFExtension?

    private init(_ bytes: ByteView) throws(ObjectFault) {
        file = try ELFFile(bytes)
        types = try Self.section(".BTF", in: file).map { (view) throws(ObjectFault) in try BTFTypes(view) }
        if let types, let view = try Self.section(".BTF.ext", in: file) {
            `extension` = try BTFExtension(view, types, file)
        } else {
            `extension` = nil
        }
        if types?.dataSection(".maps") != nil, try Self.section(".maps", in: file) == nil {
            throw ObjectFault("it has types of maps, and no maps")
        }
    }

    /// Hands over an object's parts for the time of the call.
    static func read<Result>(
        _ bytes: Span<UInt8>, _ body: (ObjectImage) throws(ObjectFault) -> Result
    ) throws(ObjectFault) -> Result {
        let result: Swift.Result<Result, ObjectFault> = unsafe bytes.withUnsafeBytes { buffer in
            do throws(ObjectFault) {
                // The bytes outlive the call, and with it all views.
                return .success(try body(ObjectImage(unsafe ByteView(buffer))))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// libbpf takes the last of several sections of one name.
    private static func section(_ name: String, in file: ELFFile) throws(ObjectFault) -> ByteView? {
        let sections = file.sections.filter { $0.name == name }
        guard sections.count < 2 else { throw ObjectFault("it has \(sections.count) sections \(name)") }
        return sections.first?.content
    }

    // MARK: Types that are relocated

    /// Names of the types that the object's CO-RE relocations begin at.
    var relocatedTypes: Set<String> {
        guard let types, let `extension` else { return [] }
        return Set(Set(`extension`.relocations().map(\.type)).map { types.name(types.entries[$0]) })
    }

    // MARK: Lines of the source

    /// Where in the source a line is that reads so; nil if it may be several.
    func place(ofLine text: String) -> String? {
        guard let types, let `extension` else { return nil }
        func trimmed(_ offset: Int) -> String {
            String((types.strings.text(at: offset) ?? "").drop { $0 == " " || $0 == "\t" })
        }
        let texts = Dictionary(grouping: `extension`.lines(), by: \.textOffset)
        let places = texts.filter { trimmed($0.key) == text }.values.joined().map { line in
            let file = types.strings.text(at: line.fileOffset) ?? ""
            return "\(file.split(separator: "/").last.map(String.init) ?? file):\(line.number)"
        }
        return Set(places).count == 1 ? places.first : nil
    }
}
