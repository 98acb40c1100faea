// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux

extension BPFLink {
    /// Attaches a program to a tracepoint of the kernel, whose arguments it gets as they are (since Linux 4.17).
    ///
    /// - Throws: `noSuchFileOrDirectory` if the kernel has no such tracepoint.
    public static func rawTracepoint(
        _ program: borrowing BPFProgram, named name: String
    ) throws(BPFError) -> BPFLink {
        let programFD = program.fd.raw
        let fd = try libbpf("attach \(program.name) to tracepoint \(name)") {
            // The kernel copies the name.
            unsafe name.withCString { unsafe bpf_raw_tracepoint_open($0, programFD) }
        }
        return BPFLink(owning: OwnedFD(fd))
    }
}
