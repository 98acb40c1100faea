// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel
public import SystemPackage

/// Why a cgroup cannot be used.
public enum CgroupRefusal: Refusal {
    case noSuchCgroup(FilePath, Errno)
    /// A folder of something else, of cgroups of version 1 perhaps.
    case noCgroup2(FilePath)
    /// Nobody said that the first of all cgroups is meant, which has each socket of the host. With the hooks asked for.
    case rootCgroup(FilePath, [Hook])

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .noSuchCgroup: .notFound
        case .noCgroup2, .rootCgroup: .usage
        }
    }
}

/// A cgroup of version 2, held open for as long as this value lives.
final class OpenCgroup: Sendable {
    let group: ControlGroup

    /// - Throws: `notFound` if there is no such folder; `usage` if it is no such cgroup.
    init(_ path: FilePath) throws(PacketMetadataError) {
        let group: ControlGroup?
        do throws(Errno) {
            group = try ControlGroup(path: path)
        } catch {
            if error.isScarcity { throw PacketMetadataError(error, doing: "open the cgroup") }
            throw PacketMetadataError(CgroupRefusal.noSuchCgroup(path, error))
        }
        guard let group else { throw PacketMetadataError(CgroupRefusal.noCgroup2(path)) }
        self.group = group
    }

    var id: UInt64 { group.id }
    var isRoot: Bool { group.isRoot }
    var realPath: FilePath? { group.realPath }
}
