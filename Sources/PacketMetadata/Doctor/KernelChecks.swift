// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

/// What the kernel has beyond loading programs.
enum KernelChecks {
    static func findings(_ traits: KernelTraits?) -> [Finding] {
        [kernelTypes(traits), gracePeriod, tcWrites(traits)]
    }

    private static func kernelTypes(_ traits: KernelTraits?) -> Finding {
        if traits != nil { return Finding(.kernelTypes, .ok, "the kernel's types (BTF) can be read") }
        return Finding(
            .kernelTypes, .weaker,
            "the kernel's types (BTF) cannot be read: objects that relocate kernel types do not load",
            remedy: "A kernel with CONFIG_DEBUG_INFO_BTF has them at /sys/kernel/btf/vmlinux.")
    }

    private static var gracePeriod: Finding {
        let missing = Capability.missing(of: [.bpf])
        let start = ContinuousClock.now
        do throws(BPFError) {
            try waitForRunningPrograms()
        } catch {
            if !missing.isEmpty {
                return Finding(.gracePeriod, .unknown, "not tried: it takes CAP_BPF here")
            }
            return Finding(
                .gracePeriod, .broken,
                "no way to wait for running programs: \(error.operation) (\(error.errno.name)); fields cannot be removed"
            )
        }
        let time = (ContinuousClock.now - start) / .milliseconds(1)
        return Finding(.gracePeriod, .ok, "waiting for running programs works (\(Int(time.rounded())) ms)")
    }

    private static func tcWrites(_ traits: KernelTraits?) -> Finding {
        guard let traits else {
            return Finding(
                .tcWrites, .unknown, "whether TC programs can write beside a tap: the kernel's types are needed")
        }
        if traits.writesBesideTaps {
            return Finding(.tcWrites, .ok, "TC programs that set fields keep the area, also beside a tap")
        }
        return Finding(
            .tcWrites, .weaker,
            "TC programs that set fields lose the area while a tap is open: no bpf_dynptr_from_skb_meta (Linux 6.18)",
            remedy: "Set fields in XDP, or open no tap.")
    }
}
