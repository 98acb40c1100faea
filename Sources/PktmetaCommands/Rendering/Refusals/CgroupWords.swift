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
        case .rootCgroup(_, let hooks):
            "it is the root cgroup, which has all sockets: \(Self.runs(hooks)) would run the program"
        }
    }

    var remedy: String? {
        switch self {
        case .noSuchCgroup, .noCgroup2:
            "findmnt -t cgroup2 shows where cgroups of version 2 are, and /proc/PID/cgroup, behind 0::, the one of a process."
        case .rootCgroup: "If that is what you want, say --root-cgroup."
        }
    }

    /// What would happen all over the host.
    private static func runs(_ hooks: [Hook]) -> String {
        if !hooks.contains(where: Hook.ofSockets.contains) { return "each packet to or from any of the host" }
        let packets = hooks.contains(.socketIngress) ? " and of setsockopt(), and each packet to a socket," : ""
        return "each call of getsockopt()\(packets) on the host"
    }
}

extension UnitRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .noSystemctl(let errno): "systemctl, which knows the cgroups of units, cannot be run: \(errno.withName)"
        case .refused(let unit, let text): "systemctl does not tell the cgroup of \(unit): \(text)"
        case .noCgroup(let unit): "\(unit) has no cgroup: there is no such unit, or it is not active"
        case .noMount(let unit):
            "the cgroup of \(unit) is nowhere to be seen: no file system of cgroups of version 2 is mounted here"
        }
    }

    var remedy: String? {
        switch self {
        case .noSystemctl, .refused, .noMount: "Name the cgroup by its folder."
        case .noCgroup: "A unit has a new cgroup with each start: attach as it starts, by ExecStartPre= in a drop-in."
        }
    }
}
