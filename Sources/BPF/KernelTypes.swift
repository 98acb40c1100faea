// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf

/// The running kernel's BTF: what it has, whatever its version says. Without modules.
@safe public struct KernelTypes: ~Copyable {
    // Invariant: owned, freed by deinit only.
    private let btf: OpaquePointer

    /// Takes tens of milliseconds.
    public init() throws(BPFError) {
        unsafe btf = try unsafe libbpf("load the kernel's BTF") { unsafe btf__load_vmlinux_btf() }
    }

    deinit { unsafe btf__free(btf) }

    public func hasFunction(_ name: String) -> Bool {
        unsafe btf__find_by_name_kind(btf, name, Self.function) > 0
    }

    public func hasStruct(_ name: String) -> Bool {
        unsafe btf__find_by_name_kind(btf, name, Self.structure) > 0
    }

    /// BTF_KIND_FUNC and BTF_KIND_STRUCT of linux/btf.h, each of which is a macro and an enum's constant at once.
    private static let function: UInt32 = 12
    private static let structure: UInt32 = 4
}
