// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import CLinuxShims
internal import Clibbpf
internal import Linux
internal import SystemPackage

/// Waits until each BPF program that was running has returned: an RCU grace period.
///
/// membarrier(2) waits for one (kernel/sched/membarrier.c). It refuses on nohz_full kernels; there, so does the
/// update of an array of maps (`maybe_wait_bpf_programs` in kernel/bpf/syscall.c).
public func waitForRunningPrograms() throws(BPFError) {
    let result = linux_membarrier(CInt(MEMBARRIER_CMD_GLOBAL.rawValue))
    if result == 0 { return }
    try updateArrayOfMaps()
}

/// The second way, on its own so that it can be tested where the first works.
package func updateArrayOfMaps() throws(BPFError) {
    let inner = try BPFMap(creating: "pktmeta_grace", .init(kind: .array, valueSize: 4, entries: 1))
    let raw = try libbpf("create an array of maps") {
        unsafe libbpf_create_map(BPF_MAP_TYPE_ARRAY_OF_MAPS.rawValue, "pktmeta_grace", 4, 4, 1, 0, inner.fd.raw)
    }
    let outer = OwnedFD(raw)
    var key: UInt32 = 0
    var value = inner.fd.raw
    try libbpf("wait for a grace period") { unsafe bpf_map_update_elem(outer.raw, &key, &value, 0) }
}
