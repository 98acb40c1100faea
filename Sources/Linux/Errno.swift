// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

extension Errno {
    /// `errno` of this thread, to be asked for right behind the call that failed.
    public static var last: Errno { Errno(rawValue: errno) }

    /// The constant's name in errno.h: `ENOENT`.
    public var name: String {
        // strerrorname_np(3) returns a static string, or NULL for a number it does not know.
        guard let name = unsafe linux_errno_name(rawValue) else { return "errno \(rawValue)" }
        return unsafe String(cString: name)
    }

    /// Whether this process or the machine has run out of something, which says nothing of what was asked for.
    public var isScarcity: Bool {
        [
            .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .fileTooLarge, .noSpace, .diskQuotaExceeded,
            .noBufferSpace,
        ].contains(self)
    }
}

/// Turns "0 or -errno", as the C shims return it, into an error.
@discardableResult
func check(_ result: CInt) throws(Errno) -> CInt {
    guard result >= 0 else { throw Errno(rawValue: -result) }
    return result
}
