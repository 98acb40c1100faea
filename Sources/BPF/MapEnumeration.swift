// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux
internal import SystemPackage

/// Calls a closure with each map of the kernel that has one of those names, of whatever owner.
///
/// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN.
public func forEachMap(
    named names: String..., body: (borrowing BPFMap) throws(BPFError) -> Void
) throws(BPFError) {
    for id in try objectNumbers("list maps", { unsafe bpf_map_get_next_id($0, &$1) }) {
        // A map may go between the listing and here.
        guard let raw = try? libbpf("open map \(id)", { bpf_map_get_fd_by_id(id) }),
            let map = try? BPFMap(OwnedFD(raw)), names.contains(map.name)
        else { continue }
        try body(map)
    }
}
