// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

/// Numbers of all objects of a kind that the kernel has, of whatever owner.
///
/// - Parameters:
///   - operation: for errors, as in "list programs".
///   - next: stores the first number behind one, as `bpf_prog_get_next_id` does.
/// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN.
func objectNumbers(
    _ operation: String, _ next: (UInt32, inout UInt32) -> CInt
) throws(BPFError) -> [UInt32] {
    var ids: [UInt32] = []
    while true {
        var id: UInt32 = 0
        do throws(BPFError) {
            try libbpf(operation) { next(ids.last ?? 0, &id) }
        } catch {
            if error.errno == .noSuchFileOrDirectory { return ids }  // that was the last
            throw error
        }
        ids.append(id)
    }
}
