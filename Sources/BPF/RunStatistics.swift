// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux

/// Has the kernel count runs of all programs and the time they take, for as long as this value lives (BPF_ENABLE_STATS
/// of bpf(2), since Linux 5.8): ``ProgramInformation/runs`` and ``ProgramInformation/runTime``. Counting itself takes
/// some 20 ns a run.
public struct RunStatistics: ~Copyable {
    private let fd: OwnedFD

    /// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN.
    public init() throws(BPFError) {
        fd = OwnedFD(try libbpf("count runs of programs") { bpf_enable_stats(BPF_STATS_RUN_TIME) })
    }
}
