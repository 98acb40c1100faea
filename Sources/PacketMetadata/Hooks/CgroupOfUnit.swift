// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel
public import SystemPackage

/// Why the cgroup of a unit of the system's service manager cannot be named.
public enum UnitRefusal: Refusal {
    case noSystemctl(Errno)
    /// As systemctl says it.
    case refused(unit: String, String)
    /// There is no such unit, or it is not active.
    case noCgroup(unit: String)
    /// No file system of cgroups of version 2 is mounted, or not the whole of it.
    case noMount(unit: String)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .noSystemctl, .refused: .unsupported
        case .noCgroup, .noMount: .notFound
        }
    }
}

/// The cgroup of a systemd unit, of which the service manager makes a new one with each start.
public enum CgroupOfUnit {
    /// - Parameter name: as systemctl(1) takes it.
    /// - Returns: its folder.
    public static func path(of name: String) throws(PacketMetadataError) -> FilePath {
        let cgroup: FilePath?
        do throws(SystemdUnit.Failure) {
            cgroup = try SystemdUnit(name).cgroup()
        } catch {
            switch error {
            case .noSystemctl(let errno): throw PacketMetadataError(UnitRefusal.noSystemctl(errno))
            case .refused(let text): throw PacketMetadataError(UnitRefusal.refused(unit: name, text))
            }
        }
        guard let cgroup else { throw PacketMetadataError(UnitRefusal.noCgroup(unit: name)) }
        // A mount that another cgroup namespace has made shows other cgroups.
        let paths = MountPoint.ofCgroups.filter { $0.root == "/" }.map { $0.path.pushing(cgroup.removingRoot()) }
        guard let path = paths.first(where: Folder.exists) else {
            throw PacketMetadataError(UnitRefusal.noMount(unit: name))
        }
        return path
    }
}
