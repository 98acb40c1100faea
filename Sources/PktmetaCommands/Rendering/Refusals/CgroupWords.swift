// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension CgroupRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .noSuchCgroup(_, let errno): "there is no such cgroup (\(errno.name))"
        case .noCgroup2: "it is a folder of no cgroup of version 2"
        case .rootCgroup:
            "it is the root cgroup, which has all sockets: each packet to or from any of the host would run the program"
        }
    }

    var remedy: String? {
        switch self {
        case .noSuchCgroup, .noCgroup2:
            "findmnt -t cgroup2 shows where cgroups of version 2 are, and /proc/PID/cgroup, behind 0::, the one of a process."
        case .rootCgroup: "If that is what you want, say --root-cgroup."
        }
    }
}
