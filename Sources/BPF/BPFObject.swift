// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Glibc
internal import Linux
internal import SystemPackage

/// A compiled object that is being prepared for loading.
@safe public struct BPFObject: ~Copyable {
    // Invariant: owned, closed by deinit only, before the log that libbpf writes to while it loads.
    private let object: OpaquePointer
    private let log: LogBuffer

    /// Parses an object's bytes.
    ///
    /// - Parameters:
    ///   - name: what libbpf names internal maps after.
    ///   - typesPath: a file of BTF for CO-RE relocations in place of the kernel's, as from ``BTFBuilder/bytes()``;
    ///     read when the object is loaded.
    public init(bytes: Span<UInt8>, name: String, typesPath: String? = nil) throws(BPFError) {
        _ = Self.fragmentsAreOurs
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
    }

    public init(bytes: [UInt8], name: String, typesPath: String? = nil) throws(BPFError) {
        try self.init(bytes: bytes.span, name: name, typesPath: typesPath)
    }

    deinit { unsafe bpf_object__close(object) }

    // MARK: What is in it

    public struct ProgramDescription: Sendable, Hashable {
        public let name: String
        /// As in `SEC("xdp.frags")`.
        public let section: String
        /// BPF_PROG_TYPE_* of linux/bpf.h.
        public let type: UInt32

        /// Whether it takes packets in fragments, by its section.
        public var takesFragments: Bool { section == BPFObject.fragmentsSection }
        public var isXDP: Bool { type == BPF_PROG_TYPE_XDP.rawValue }
        public var isSchedCls: Bool { type == BPF_PROG_TYPE_SCHED_CLS.rawValue }
    }

    public var programs: [ProgramDescription] {
        var descriptions: [ProgramDescription] = []
        var program = unsafe bpf_object__next_program(object, nil)
        while let current = unsafe program {
            descriptions.append(
                unsafe ProgramDescription(
                    name: String(cString: bpf_program__name(current)),
                    section: String(cString: bpf_program__section_name(current)),
                    type: bpf_program__type(current).rawValue))
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

    /// Names of all maps, those of global variables too.
    public var mapNames: [String] {
        var names: [String] = []
        var map = unsafe bpf_object__next_map(object, nil)
        while let current = unsafe map {
            names.append(unsafe String(cString: bpf_map__name(current)))
            unsafe map = bpf_object__next_map(object, current)
        }
        return names
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

    /// Loads that program and no other, with the object's maps.
    ///
    /// - Parameters:
    ///   - ifindex: binds an XDP program to an interface of this thread's network namespace, so that it may ask the
    ///     driver what the NIC knows of a packet (since Linux 6.3).
    ///   - takesFragments: whether an `xdp.frags` program is loaded as one; where the kernel has no fragments, it is
    ///     not (``kernelTakesFragments``).
    public func load(
        only name: String, boundTo ifindex: UInt32? = nil, takesFragments: Bool = true
    ) throws(BPFError) -> BPFProgram {
        try load([name], boundTo: ifindex, takesFragments: takesFragments)
        return try program(name)
    }

    /// Loads those programs and no others, with the object's maps, which they share.
    public func load(
        _ names: Set<String>, boundTo ifindex: UInt32? = nil, takesFragments: Bool = true
    ) throws(BPFError) {
        let operation = "load program \(names.sorted().joined(separator: ", "))"
        for program in programs {
            guard let pointer = unsafe bpf_object__find_program_by_name(object, program.name) else { continue }
            unsafe bpf_program__set_autoload(pointer, names.contains(program.name))
            if program.takesFragments, takesFragments, kernelTakesFragments {
                let flags = unsafe bpf_program__flags(pointer) | takesFragmentsFlag
                try libbpf("prepare program \(program.name)") { unsafe bpf_program__set_flags(pointer, flags) }
            }
            if names.contains(program.name), let ifindex {
                unsafe bpf_program__set_ifindex(pointer, ifindex)
                let flags = unsafe bpf_program__flags(pointer) | Self.deviceBoundOnly
                try libbpf("bind program \(program.name)") { unsafe bpf_program__set_flags(pointer, flags) }
            }
        }
        try expectRoom(for: names.count, operation)
        do {
            try libbpf(operation) { unsafe bpf_object__load(object) }
        } catch {
            throw withLog(error)
        }
    }

    /// A program of the object, once it is loaded.
    public func program(_ name: String) throws(BPFError) -> BPFProgram {
        guard let pointer = unsafe bpf_object__find_program_by_name(object, name) else {
            throw BPFError("load program \(name)", .noSuchFileOrDirectory)
        }
        let borrowed = unsafe bpf_program__fd(pointer)
        return try BPFProgram(own(borrowed, for: "load program \(name)"))
    }

    /// libbpf probes what the kernel can do, and takes a probe that got no descriptor for a kernel that cannot.
    private func expectRoom(for programs: Int, _ operation: String) throws(BPFError) {
        do throws(Errno) {
            try OwnedFD.expectRoom(for: mapNames.count + programs + Self.descriptorsBesides)
        } catch {
            throw BPFError(operation, error)
        }
    }

    /// Of the object's types, a probe and what it needs: 3, and some to spare.
    private static let descriptorsBesides = 7

    /// A map of the object, once it is loaded.
    public func map(_ name: String) throws(BPFError) -> BPFMap {
        guard let map = unsafe bpf_object__find_map_by_name(object, name) else {
            throw BPFError("open map \(name)", .noSuchFileOrDirectory)
        }
        let borrowed = unsafe bpf_map__fd(map)
        return try BPFMap(own(borrowed, for: "open map \(name)"), isMap: true)
    }

    /// The object closes its own descriptors when it goes.
    private func own(_ borrowed: CInt, for operation: String) throws(BPFError) -> OwnedFD {
        do throws(Errno) {
            return try OwnedFD(duplicating: borrowed)
        } catch {
            throw BPFError(operation, error)
        }
    }

    private static let fragmentsSection = "xdp.frags"

    /// libbpf sets the flag of such programs by their section's name, come what may. With a handler of our own for the
    /// section it leaves that to ``load(only:boundTo:takesFragments:)``.
    private static let fragmentsAreOurs: Bool =
        unsafe libbpf_register_prog_handler(fragmentsSection, BPF_PROG_TYPE_XDP, BPF_XDP, nil) > 0

    /// BPF_F_XDP_DEV_BOUND_ONLY, which libbpf 1.1's copy of linux/bpf.h does not have.
    private static let deviceBoundOnly: UInt32 = 1 << 6

    private func withLog(_ error: BPFError) -> BPFError {
        let text = log.text
        var error = error
        error.verifierLog = text.isEmpty ? nil : VerifierLog(text: text)
        return error
    }
}
