// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import SystemPackage

/// Room for a verifier's log.
@safe struct LogBuffer: ~Copyable {
    static let size = 16 << 20

    // Invariant: `size` bytes are mapped here until deinit.
    let start: UnsafeMutablePointer<CChar>

    /// Mapped, and not of malloc(3), which clears what it has had before: only pages that are written take memory.
    init(for operation: String) throws(BPFError) {
        let place = unsafe mmap(
            nil, Self.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let place = unsafe place, unsafe place != MAP_FAILED else { throw BPFError(operation, .noMemory) }
        unsafe start = place.assumingMemoryBound(to: CChar.self)
    }

    deinit { unsafe munmap(start, Self.size) }

    /// What was written, up to the first NUL; the kernel ends the log with one.
    var text: String { unsafe String(cString: start) }
}
