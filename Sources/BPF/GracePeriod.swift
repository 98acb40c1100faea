// SPDX-License-Identifier: BSD-2-Clause

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
    var options = bpf_map_create_opts()
    options.sz = MemoryLayout<bpf_map_create_opts>.size(through: \.map_ifindex)
    options.inner_map_fd = UInt32(inner.fd.raw)
    let raw = try libbpf("create an array of maps") {
        unsafe bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "pktmeta_grace", 4, 4, 1, &options)
    }
    let outer = OwnedFD(raw)
    var key: UInt32 = 0
    var value = inner.fd.raw
    try libbpf("wait for a grace period") { unsafe bpf_map_update_elem(outer.raw, &key, &value, 0) }
}
