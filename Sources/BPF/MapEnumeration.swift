// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux
internal import SystemPackage

/// Calls a closure with each map of the kernel that has that name, of whatever owner.
///
/// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN.
public func forEachMap(named name: String, _ body: (borrowing BPFMap) throws(BPFError) -> Void) throws(BPFError) {
    var id: UInt32 = 0
    while true {
        var next: UInt32 = 0
        do throws(BPFError) {
            try libbpf("list maps") { unsafe bpf_map_get_next_id(id, &next) }
        } catch {
            if error.errno == .noSuchFileOrDirectory { return }  // that was the last
            throw error
        }
        id = next
        // A map may go between the listing and here.
        guard let raw = try? libbpf("open map \(next)", { bpf_map_get_fd_by_id(next) }),
            let map = try? BPFMap(OwnedFD(raw)), map.name == name
        else { continue }
        try body(map)
    }
}
