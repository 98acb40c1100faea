// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Which cgroups a command is about.
struct CgroupArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The cgroups, of version 2, by their folders.", valueName: "cgroup"), completion: .directory)
    var folders: [String] = []

    @Option(
        name: .customLong("unit"),
        help: ArgumentHelp("The cgroup of a systemd unit that is active; can be repeated.", valueName: "name"),
        completion: .units)
    var units: [String] = []

    func validate() throws {
        if folders.isEmpty, units.isEmpty { throw ValidationError("Name a cgroup by its folder, or by --unit.") }
    }

    /// As they were named.
    var names: [String] { folders + units }

    func paths() throws(PacketMetadataError) -> [FilePath] {
        var paths = folders.map { FilePath($0) }
        for unit in units { paths.append(try CgroupOfUnit.path(of: unit)) }
        return paths
    }
}
