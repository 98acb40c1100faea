// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Clibbpf
public import Linux
internal import SystemPackage

/// A program attached to a hook: detached when the last descriptor and the last pin of the link are gone.
public struct BPFLink: ~Copyable, Sendable {
    public let fd: OwnedFD

    public init(pinnedAt entry: FolderEntry) throws(BPFError) {
        fd = try BPFFileSystem.open(entry)
    }

    /// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN; `noSuchFileOrDirectory` if there is no such link.
    public init(id: UInt32) throws(BPFError) {
        fd = OwnedFD(try libbpf("open link \(id)") { bpf_link_get_fd_by_id(id) })
    }

    /// Takes over the descriptor of a link.
    init(owning fd: consuming OwnedFD) {
        self.fd = fd
    }

    /// Puts a program in the place of the one attached; no packet passes without either.
    ///
    /// - Parameter expected: fails with EPERM or EINVAL if another is attached by now.
    public func update(to program: borrowing BPFProgram, replacing expected: borrowing BPFProgram) throws(BPFError) {
        let (new, old) = (program.fd.raw, expected.fd.raw)
        try libbpf("replace \(expected.name)") { libbpf_update_link(fd.raw, new, old) }
    }

    /// Detaches the program now. Whoever still holds the link holds one without an interface.
    public func detach() throws(BPFError) {
        try libbpf("detach a link") { bpf_link_detach(fd.raw) }
    }

    public func pin(at entry: FolderEntry) throws(BPFError) {
        try BPFFileSystem.pin(fd.raw, at: entry)
    }

    public var information: LinkInformation {
        get throws(BPFError) { try LinkInformation(fd) }
    }
}
