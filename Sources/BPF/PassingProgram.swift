// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Clibbpf
internal import Linux
internal import SystemPackage

/// A program that does nothing, and lets each packet pass: to see whether the kernel has its kind.
public enum PassingProgram: Sendable, Hashable {
    case netfilter
    case cgroup(CgroupHook)
    case tracepoint
    /// For the beginning of functions of the kernel (kprobe.multi).
    case function

    /// - Throws: `invalidArgument` (EINVAL) if the kernel has no such programs.
    public func load() throws(BPFError) -> BPFProgram {
        var pass = bpf_insn()
        pass.code = UInt8(BPF_ALU64 | BPF_MOV | BPF_K)  // to register 0
        pass.imm = 1  // NF_ACCEPT; of a cgroup, that the packet passes
        return try BPFProgram(
            OwnedFD(
                try libbpf("load \(name)") {
                    loadOfOneInstruction(pass, flags: 0, type, attachType)
                }))
    }

    private var name: String {
        switch self {
        case .netfilter: "a netfilter program"
        case .cgroup: "a program for cgroups"
        case .tracepoint: "a program for tracepoints"
        case .function: "a program for functions"
        }
    }

    private var type: bpf_prog_type {
        switch self {
        case .netfilter: bpf_prog_type(UInt32(NETFILTER_PROGRAM_TYPE))
        case .cgroup(.ingress), .cgroup(.egress): BPF_PROG_TYPE_CGROUP_SKB
        case .cgroup(.socketOptionsGet), .cgroup(.socketOptionsSet): BPF_PROG_TYPE_CGROUP_SOCKOPT
        case .tracepoint: BPF_PROG_TYPE_RAW_TRACEPOINT
        case .function: BPF_PROG_TYPE_KPROBE
        }
    }

    private var attachType: bpf_attach_type {
        switch self {
        case .netfilter: bpf_attach_type(UInt32(NETFILTER_ATTACH_TYPE))
        case .cgroup(let hook): hook.attachType
        case .tracepoint: bpf_attach_type(0)
        case .function: BPF_TRACE_KPROBE_MULTI
        }
    }
}
