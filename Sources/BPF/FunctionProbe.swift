// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux

extension BPFLink {
    /// Attaches a program to the beginning of a function of the kernel (since Linux 5.18, with CONFIG_FPROBE).
    ///
    /// - Parameters:
    ///   - program: of section `kprobe.multi`.
    ///   - cookie: what `bpf_get_attach_cookie()` gives the program there.
    /// - Throws: `noSuchProcess` (ESRCH) if the kernel has no such function, or it cannot be traced; `notSupported`
    ///   (EOPNOTSUPP) or `invalidArgument` (EINVAL) if the kernel has no such links.
    public static func function(
        _ program: borrowing BPFProgram, named name: String, cookie: UInt64
    ) throws(BPFError) -> BPFLink {
        let programFD = program.fd.raw
        let fd = try libbpf("attach \(program.name) to function \(name)") {
            var cookie = cookie
            // The kernel copies the name and the cookie.
            return unsafe name.withCString { symbol in
                var symbol: UnsafePointer<CChar>? = unsafe symbol
                return unsafe withUnsafeMutablePointer(to: &symbol) { symbols in
                    unsafe withUnsafeMutablePointer(to: &cookie) { cookies in
                        var options = unsafe bpf_link_create_opts()
                        unsafe options.sz = MemoryLayout<bpf_link_create_opts>.size
                        unsafe options.kprobe_multi.cnt = 1
                        unsafe options.kprobe_multi.syms = symbols
                        unsafe options.kprobe_multi.cookies = UnsafePointer(cookies)
                        return unsafe bpf_link_create(programFD, 0, BPF_TRACE_KPROBE_MULTI, &options)
                    }
                }
            }
        }
        return BPFLink(owning: OwnedFD(fd))
    }
}
