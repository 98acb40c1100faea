// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Glibc
internal import Linux
internal import SystemPackage

/// A compiled object that is being prepared for loading.
@safe public struct BPFObject: ~Copyable {
    // Invariant: owned, closed by deinit only, before the log that libbpf writes to while it loads.
    let object: OpaquePointer
    let log: LogBuffer
    /// For what is asked only when a program is refused.
    let bytes: [UInt8]
    /// Programs that the object's own program arrays name: they are loaded with those that lead to them.
    public let tailCalls: TailCalls

    /// Parses an object's bytes, once they have been found to be sound: libbpf crashes on some that are not.
    ///
    /// - Parameters:
    ///   - name: what libbpf names internal maps after.
    ///   - typesPath: a file of BTF for CO-RE relocations in place of the kernel's, as from ``BTFBuilder/bytes()``;
    ///     read when the object is loaded.
    public init(bytes: Span<UInt8>, name: String, typesPath: String? = nil) throws(BPFError) {
        _ = ProgramSection.areRegistered
        let tailCalls = try Self.tailCalls(bytes, name)
        let log = try LogBuffer(for: "open object \(name)")
        var options = unsafe bpf_object_open_opts()
        unsafe options.sz = MemoryLayout<bpf_object_open_opts>.size(through: \.kernel_log_level)
        unsafe options.kernel_log_buf = log.start
        unsafe options.kernel_log_size = LogBuffer.size
        let path = typesPath ?? ""
        // libbpf copies the bytes, the name and the path.
        unsafe object = try unsafe libbpf("open object \(name)") {
            unsafe name.withCString { namePointer in
                unsafe path.withCString { pathPointer in
                    unsafe options.object_name = namePointer
                    unsafe options.btf_custom_path = path.isEmpty ? nil : pathPointer
                    return unsafe bytes.withUnsafeBytes {
                        unsafe bpf_object__open_mem($0.baseAddress, $0.count, &options)
                    }
                }
            }
        }
        self.log = log
        var copy: [UInt8] = []
        unsafe bytes.withUnsafeBytes { unsafe copy.append(contentsOf: $0) }
        self.bytes = copy
        self.tailCalls = tailCalls
    }

    private static func tailCalls(_ bytes: Span<UInt8>, _ name: String) throws(BPFError) -> TailCalls {
        do throws(ObjectFault) {
            return try ObjectImage.read(bytes) { TailCalls($0) }
        } catch {
            throw BPFError("open object \(name)", fault: error)
        }
    }

    public init(bytes: [UInt8], name: String, typesPath: String? = nil) throws(BPFError) {
        try self.init(bytes: bytes.span, name: name, typesPath: typesPath)
    }

    deinit { unsafe bpf_object__close(object) }

    // MARK: What is in it

    public struct ProgramDescription: Sendable, Hashable {
        public let name: String
        public let section: ProgramSection
    }

    public var programs: [ProgramDescription] {
        var descriptions: [ProgramDescription] = []
        var program = unsafe bpf_object__next_program(object, nil)
        while let current = unsafe program {
            let section = unsafe ProgramSection(name: String(cString: bpf_program__section_name(current)))
            let name = unsafe String(cString: bpf_program__name(current))
            descriptions.append(ProgramDescription(name: name, section: section))
            unsafe program = bpf_object__next_program(object, current)
        }
        return descriptions
    }

    /// The shape of the map with that name; nil if the object has none.
    public func mapShape(_ name: String) -> BPFMap.Shape? {
        guard let map = unsafe bpf_object__find_map_by_name(object, name) else { return nil }
        return unsafe BPFMap.Shape(
            kind: BPFMap.Kind(code: bpf_map__type(map).rawValue), keySize: Int(bpf_map__key_size(map)),
            valueSize: Int(bpf_map__value_size(map)), entries: Int(bpf_map__max_entries(map)),
            flags: bpf_map__map_flags(map))
    }

    /// Names of all maps, those of global variables too, but for those that loading has left out.
    public var mapNames: [String] {
        var names: [String] = []
        var map = unsafe bpf_object__next_map(object, nil)
        while let current = unsafe map {
            if unsafe bpf_map__autocreate(current) { names.append(unsafe String(cString: bpf_map__name(current))) }
            unsafe map = bpf_object__next_map(object, current)
        }
        return names
    }

    /// Where libbpf pins a map as it creates it, and looks for it the next time; nil if the author did not ask for that.
    public func pinPath(ofMap name: String) -> String? {
        guard let map = unsafe bpf_object__find_map_by_name(object, name), let path = unsafe bpf_map__pin_path(map)
        else { return nil }
        return unsafe String(cString: path)
    }

    /// Hands over the object's types for the time of the call; nil if it was compiled without debug information.
    public func withTypes<Result>(_ body: (BTFView) -> Result) -> Result? {
        guard let btf = unsafe bpf_object__btf(object) else { return nil }
        return body(unsafe BTFView(btf))
    }

    // MARK: Preparing

    /// Has the object use that map instead of one of its own.
    public func reuse(_ map: borrowing BPFMap, as name: String) throws(BPFError) {
        let fd = map.fd.raw
        try libbpf("use a pinned map as \(name)") {
            guard let own = unsafe bpf_object__find_map_by_name(object, name) else { return -ENOENT }
            return unsafe bpf_map__reuse_fd(own, fd)
        }
    }

    /// Gives a map so many elements, or a ring buffer so many bytes.
    public func resize(_ name: String, to entries: Int) throws(BPFError) {
        try libbpf("resize map \(name)") {
            guard let map = unsafe bpf_object__find_map_by_name(object, name) else { return -ENOENT }
            return unsafe bpf_map__set_max_entries(map, UInt32(entries))
        }
    }

    /// Whether there is a global constant of that name.
    public func hasConstant(_ name: String) -> Bool {
        (withTypes { $0.variable(name, inSection: ".rodata") } ?? nil) != nil
    }

    /// Sets a global constant before it is frozen.
    ///
    /// - Returns: false if the object has no constant of that name and size.
    public func setConstant(_ name: String, to bytes: [UInt8]) -> Bool {
        guard let place = withTypes({ $0.variable(name, inSection: ".rodata") }) ?? nil, place.size == bytes.count,
            let map = unsafe section(".rodata")
        else { return false }
        var size = 0
        guard let memory = unsafe bpf_map__initial_value(map, &size), place.offset + place.size <= size else {
            return false
        }
        var section = unsafe Array(UnsafeRawBufferPointer(start: memory, count: size))
        section.replaceSubrange(place.offset..<place.offset + place.size, with: bytes)
        return unsafe section.withUnsafeBytes { unsafe bpf_map__set_initial_value(map, $0.baseAddress, size) } == 0
    }

    private func section(_ name: String) -> OpaquePointer? {
        var map = unsafe bpf_object__next_map(object, nil)
        while let current = unsafe map {
            if unsafe bpf_map__is_internal(current), unsafe String(cString: bpf_map__name(current)).hasSuffix(name) {
                return unsafe current
            }
            unsafe map = bpf_object__next_map(object, current)
        }
        return nil
    }
}
