// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
public import SystemPackage

/// Whether mounts of this process's mount namespace have changed: names of network namespaces are mounts (ip-netns(8)).
public struct MountMonitor: ~Copyable {
    private let file: OwnedFD

    /// - Throws: what open(2) refuses of /proc/self/mountinfo.
    public init() throws(Errno) {
        let raw = unsafe open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw .last }
        file = OwnedFD(raw)
    }

    /// For poll(2), which tells a change once, as POLLPRI (proc(5)).
    public var descriptor: CInt { file.raw }
}
