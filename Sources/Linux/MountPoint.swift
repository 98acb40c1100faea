// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// Where a file system is mounted, in this process's mount namespace or in the one around it (``MountNamespace``).
public struct MountPoint: Sendable, Hashable {
    /// As this process reaches it.
    public let path: FilePath
    /// Major and minor number, which two mounts of one file system share.
    public let device: String
    /// What of the file system is mounted there.
    public let root: String
    /// Whether it is mounted in the mount namespace around this process's own.
    public var isOuter: Bool { MountNamespace.outer.map { path.starts(with: $0.root) } ?? false }

    /// Those of a type, such as `nsfs`; this process's own first.
    public static func all(ofType type: String) throws(Errno) -> [MountPoint] {
        let own = try list("/proc/self/mountinfo", type)
        guard let outer = MountNamespace.outer else { return own }
        return own + ((try? all(ofType: type, seenBy: outer.process)) ?? [])
    }

    /// Those of cgroups of version 2; none if that cannot be told.
    public static var ofCgroups: [MountPoint] { (try? all(ofType: "cgroup2")) ?? [] }

    /// The same of a process's mount namespace, as far as that process reaches.
    ///
    /// - Parameter process: its folder in /proc.
    static func all(ofType type: String, seenBy process: FilePath) throws(Errno) -> [MountPoint] {
        let root = process.appending("root")
        return try list(process.appending("mountinfo"), type).map { mount in
            MountPoint(path: root.appending(mount.path.components), device: mount.device, root: mount.root)
        }
    }

    private static func list(_ table: FilePath, _ type: String) throws(Errno) -> [MountPoint] {
        try WholeFile.text(table).split(separator: "\n").compactMap { parse($0, type) }
    }

    /// The same, each file system once.
    public static func fileSystems(ofType type: String) throws(Errno) -> [MountPoint] {
        var devices: Set<String> = []
        return try all(ofType: type).filter { devices.insert($0.device).inserted }
    }

    /// A line of proc_pid_mountinfo(5): id, parent, device, root, mount point, options, more, "-", type, source, options.
    static func parse(_ line: Substring, _ type: String) -> MountPoint? {
        let words = line.split(separator: " ")
        guard words.count > 5, let dash = words.dropFirst(5).firstIndex(of: "-"), dash + 1 < words.endIndex,
            words[dash + 1] == type
        else { return nil }
        return MountPoint(path: FilePath(unescaped(words[4])), device: String(words[2]), root: String(words[3]))
    }

    /// Blanks and the like are written as a backslash and three octal digits.
    private static func unescaped(_ word: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = word.utf8
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, let code = UInt8(String(Substring(digits)), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
