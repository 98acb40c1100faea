// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims

/// A privilege of a process (capabilities(7)).
public enum Capability: Int, Sendable, CaseIterable, CustomStringConvertible {
    case netAdmin = 12
    case sysAdmin = 21
    case perfmon = 38
    case bpf = 39

    public var description: String {
        switch self {
        case .netAdmin: "CAP_NET_ADMIN"
        case .sysAdmin: "CAP_SYS_ADMIN"
        case .perfmon: "CAP_PERFMON"
        case .bpf: "CAP_BPF"
        }
    }

    /// Those of the list that this process lacks. CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, which were carved
    /// out of it (Linux 5.8, include/linux/capability.h: `bpf_capable`, `perfmon_capable`).
    public static func missing(of needed: [Capability]) -> [Capability] {
        let effective = linux_effective_capabilities()
        func has(_ capability: Capability) -> Bool { effective & 1 << UInt64(capability.rawValue) != 0 }
        return needed.filter { !has($0) && !($0 != .netAdmin && has(.sysAdmin)) }
    }
}
