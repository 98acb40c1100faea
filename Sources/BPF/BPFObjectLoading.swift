// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Glibc
internal import Linux
internal import SystemPackage

extension BPFObject {
    /// Loads that program, those that it reaches by tail calls through the object's own program arrays, and no other.
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

    /// Loads those programs, those that they reach and no others, with the object's maps, which they share.
    public func load(
        _ names: Set<String>, boundTo ifindex: UInt32? = nil, takesFragments: Bool = true
    ) throws(BPFError) {
        let operation = "load program \(names.sorted().joined(separator: ", "))"
        let wanted = names.reduce(into: Set<String>()) { $0.formUnion(tailCalls.programs(from: $1)) }
        for program in programs {
            guard let pointer = unsafe bpf_object__find_program_by_name(object, program.name) else { continue }
            unsafe bpf_program__set_autoload(pointer, wanted.contains(program.name))
            if program.section.takesFragments, takesFragments, kernelTakesFragments {
                let flags = unsafe bpf_program__flags(pointer) | takesFragmentsFlag
                try libbpf("prepare program \(program.name)") { unsafe bpf_program__set_flags(pointer, flags) }
            }
            if wanted.contains(program.name), let ifindex {
                unsafe bpf_program__set_ifindex(pointer, ifindex)
                let flags = unsafe bpf_program__flags(pointer) | Self.deviceBoundOnly
                try libbpf("bind program \(program.name)") { unsafe bpf_program__set_flags(pointer, flags) }
            }
        }
        try leaveOutMaps(notUsedBy: wanted)
        try expectRoom(for: wanted.count, operation)
        do {
            try libbpf(operation) { unsafe bpf_object__load(object) }
        } catch {
            throw withLog(error)
        }
    }

    /// Keeps libbpf from what it does for maps that no loaded program uses, and cannot do without programs that are not
    /// loaded: it is not to create them, nor to know what kind they are of.
    ///
    /// - Program arrays are filled with all that the object says; a program that is not loaded fails that.
    /// - Maps of `struct_ops` are compared with the kernel's types, which libbpf 1.1 reads only for programs of that kind, and
    ///   crashes without.
    private func leaveOutMaps(notUsedBy programs: Set<String>) throws(BPFError) {
        let used = tailCalls.arrays(of: programs)
        for name in mapNames where mapShape(name)?.kind == .structOps || tailCalls.arrays[name] != nil {
            if used.contains(name) { continue }
            try libbpf("leave out map \(name)") {
                guard let map = unsafe bpf_object__find_map_by_name(object, name) else { return -ENOENT }
                let result = unsafe bpf_map__set_autocreate(map, false)
                return result < 0 ? result : unsafe bpf_map__set_type(map, BPF_MAP_TYPE_ARRAY)
            }
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

    /// A map of the object, once it is loaded.
    public func map(_ name: String) throws(BPFError) -> BPFMap {
        guard let map = unsafe bpf_object__find_map_by_name(object, name) else {
            throw BPFError("open map \(name)", .noSuchFileOrDirectory)
        }
        let borrowed = unsafe bpf_map__fd(map)
        return try BPFMap(own(borrowed, for: "open map \(name)"))
    }

    /// The object closes its own descriptors when it goes.
    private func own(_ borrowed: CInt, for operation: String) throws(BPFError) -> OwnedFD {
        do throws(Errno) {
            return try OwnedFD(duplicating: borrowed)
        } catch {
            throw BPFError(operation, error)
        }
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

    /// BPF_F_XDP_DEV_BOUND_ONLY, which libbpf 1.1's copy of linux/bpf.h does not have.
    private static let deviceBoundOnly: UInt32 = 1 << 6

    // MARK: Refusals

    /// Adds what the verifier said, if a program is what was refused.
    private func withLog(_ error: BPFError) -> BPFError {
        var error = error
        let text = log.text
        guard let program = error.refusedProgram, VerifierLog.isAboutProgram(text) else { return error }
        error.verifierLog = VerifierLog(text: text, program: program) { line in
            (try? ObjectImage.read(bytes.span) { $0.place(ofLine: line) }) ?? nil
        }
        return error
    }
}
