// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux
internal import SystemPackage

/// Whether a TC program can be attached as a filter of a clsact qdisc. Makes both on an interface without a qdisc of that
/// kind, and leaves them there: for an interface of a namespace that goes away.
package func canAttachFilter(_ program: borrowing BPFProgram, scratchInterface ifindex: UInt32) throws(BPFError) {
    var hook = bpf_tc_hook()
    hook.sz = MemoryLayout<bpf_tc_hook>.size(through: \.parent)
    hook.ifindex = CInt(ifindex)
    hook.attach_point = BPF_TC_INGRESS
    try libbpf("make a clsact qdisc") { unsafe bpf_tc_hook_create(&hook) }
    var options = bpf_tc_opts()
    options.sz = MemoryLayout<bpf_tc_opts>.size(through: \.priority)
    options.prog_fd = program.fd.raw
    try libbpf("attach a filter") { unsafe bpf_tc_attach(&hook, &options) }
}
