// SPDX-License-Identifier: BSD-2-Clause

import BPF
import CTestSupport
import Foundation
import Linux
import RegistryModel
public import SystemPackage

/// The kernel's numbers of some of its BPF objects.
public struct KernelObjects: Hashable, Sendable {
    public var maps: Set<UInt32> = []
    public var programs: Set<UInt32> = []
    public var links: Set<UInt32> = []
    /// The programs that the links hold.
    public var linkedPrograms: Set<UInt32> = []

    /// What is pinned at these paths.
    public init(pinnedAt paths: [FilePath]) throws {
        for path in paths {
            guard let fd = try? BPFFileSystem.open(path) else { continue }  // a folder
            try add("/proc/self/fdinfo/\(fd.raw)")
        }
    }

    /// - Parameter file: a descriptor's, in proc (proc_pid_fdinfo(5)).
    private mutating func add(_ file: String) throws {
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        func number(_ key: String) -> UInt32? {
            lines.first { $0.hasPrefix(key + ":") }
                .flatMap { UInt32($0.dropFirst(key.count + 1).trimmingCharacters(in: .whitespaces)) }
        }
        if let link = number("link_id") {
            links.insert(link)
            if let program = number("prog_id") { linkedPrograms.insert(program) }
        } else if let program = number("prog_id") {
            programs.insert(program)
        } else if let map = number("map_id") {
            maps.insert(map)
        }
    }

    /// Of all the kernel's programs those that use one of the maps, and the links that hold those.
    public init(using maps: Set<UInt32>) throws(Errno) {
        var (mapList, programList, linkList) = (bpf_ids(), bpf_ids(), bpf_ids())
        mapList.count = UInt32(maps.count)
        withUnsafeMutableBytes(of: &mapList.ids) { $0.copyBytes(from: maps.flatMap { encode($0) }) }
        let result = bpf_users_of_maps(&mapList, &programList, &linkList)
        guard result == 0 else { throw Errno(rawValue: -result) }
        programs = Self.set(&programList)
        links = Self.set(&linkList)
    }

    private static func set(_ list: inout bpf_ids) -> Set<UInt32> {
        let count = Int(list.count)
        return withUnsafeBytes(of: &list.ids) { Set($0.bindMemory(to: UInt32.self).prefix(count)) }
    }
}
