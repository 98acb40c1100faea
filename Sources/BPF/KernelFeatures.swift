// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Clibbpf
internal import Glibc
internal import Linux

/// BPF_F_XDP_HAS_FRAGS of linux/bpf.h.
let takesFragmentsFlag = UInt32(1 << 5)

/// Whether this kernel loads XDP programs that take packets in fragments, and so has `bpf_xdp_get_buff_len`, which came
/// with them (Linux 5.18).
///
/// Asked once, by loading a program that only passes packets. Whatever else keeps it from being loaded, such as a
/// missing capability, says nothing: then the kernel counts as one that can, and the real program meets the error.
public let kernelTakesFragments: Bool = {
    var pass = bpf_insn()
    pass.code = UInt8(BPF_ALU64 | BPF_MOV | BPF_K)  // to register 0
    pass.imm = Int32(bitPattern: XDP_PASS.rawValue)
    return kernelLoads(pass, flags: takesFragmentsFlag)
}()

/// Whether this kernel has `bpf_ktime_get_coarse_ns` (Linux 5.11): CLOCK_MONOTONIC as of the last tick, which takes no look
/// at the hardware. Asked likewise, unless something newer is there.
public let kernelHasCoarseClock: Bool = {
    if kernelTakesFragments { return true }
    var call = bpf_insn()
    call.code = UInt8(BPF_JMP | BPF_CALL)
    call.imm = Int32(bitPattern: BPF_FUNC_ktime_get_coarse_ns.rawValue)
    return kernelLoads(call, flags: 0)
}()

/// Whether this kernel has netfilter programs (Linux 6.4, with CONFIG_NETFILTER_BPF_LINK). Asked likewise.
public let kernelHasNetfilterPrograms: Bool = {
    var accept = bpf_insn()
    accept.code = UInt8(BPF_ALU64 | BPF_MOV | BPF_K)
    accept.imm = 1  // NF_ACCEPT
    return kernelLoads(
        accept, flags: 0, bpf_prog_type(UInt32(NETFILTER_PROGRAM_TYPE)), bpf_attach_type(UInt32(NETFILTER_ATTACH_TYPE)))
}()

/// Whether the kernel loads a program of one instruction, which leaves a number in register 0, and an exit.
///
/// - Returns: false if the kernel says EINVAL, as it does to flags, functions and types that it does not know (bpf(2)).
private func kernelLoads(
    _ instruction: bpf_insn, flags: UInt32, _ type: bpf_prog_type = BPF_PROG_TYPE_XDP,
    _ attachType: bpf_attach_type = bpf_attach_type(0)
) -> Bool {
    let loaded = loadOfOneInstruction(instruction, flags: flags, type, attachType)
    guard loaded >= 0 else { return loaded != -EINVAL }
    _ = OwnedFD(loaded)
    return true
}

/// Loads such a program.
///
/// - Returns: a descriptor, or the errno below 0.
func loadOfOneInstruction(
    _ instruction: bpf_insn, flags: UInt32, _ type: bpf_prog_type, _ attachType: bpf_attach_type
) -> CInt {
    var exit = bpf_insn()
    exit.code = UInt8(BPF_JMP | BPF_EXIT)
    var options = unsafe bpf_prog_load_opts()
    unsafe options.sz = MemoryLayout<bpf_prog_load_opts>.size(through: \.log_buf)
    unsafe options.prog_flags = flags
    unsafe options.expected_attach_type = attachType
    let program = [instruction, exit]
    return unsafe bpf_prog_load(type, nil, "GPL", program, program.count, &options)
}
