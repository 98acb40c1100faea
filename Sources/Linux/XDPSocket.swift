// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Sockets by which applications take packets from XDP (AF_XDP).
public enum XDPSocket {
    /// Makes such a socket, and closes it.
    ///
    /// - Throws: `addressFamilyNotSupported` (EAFNOSUPPORT) if the kernel has none; `notPermitted` (EPERM) without CAP_NET_RAW.
    public static func tryOut() throws(Errno) {
        let raw = socket(family, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        _ = OwnedFD(raw)
    }

    /// AF_XDP of linux/socket.h.
    private static let family: CInt = 44
}
