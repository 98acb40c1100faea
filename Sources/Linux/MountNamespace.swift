// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// The mount namespace that outlives this process's own, if this process has one that it may take with it: as every
/// command has that is run by `ip netns exec`, which hides /sys, and the file systems mounted there, behind a new one.
public struct MountNamespace: Sendable, Hashable {
    /// Of a process in it, such as `/proc/1`.
    let process: FilePath

    /// The one of the first process; of the topmost ancestor if this process may not look at the first.
    ///
    /// - Returns: nil if this process is in it, or cannot tell. In a container, the first process is the container's.
    public static let outer = find()

    /// The root folder of processes there, as this process can reach it.
    public var root: FilePath { process.appending("root") }

    /// The root folder that a path begins with, of processes there or of the first process; nil if it begins with none.
    static func root(above path: FilePath) -> FilePath? {
        let roots = [outer, MountNamespace(process: "/proc/1")].compactMap { $0?.root }
        return roots.first { path.starts(with: $0) }
    }

    /// A path as processes there say it, if it is one by their root folder; else as it is.
    public static func said(_ path: FilePath) -> FilePath {
        guard let root = root(above: path) else { return path }
        return FilePath(root: "/", path.components.dropFirst(root.components.count))
    }

    /// Where a path leads there.
    public func path(_ path: FilePath) -> FilePath { root.appending(path.components) }

    /// Whether this process may look at none of the processes above it, so that it cannot tell if there is an outer one.
    public static var isOuterHidden: Bool {
        Folder.target(ofLink: "/proc/self/ns/mnt") != nil
            && ([FilePath("/proc/1")] + ancestors).allSatisfy {
                Folder.target(ofLink: $0.appending("ns/mnt")) == nil
            }
    }

    private static func find() -> MountNamespace? {
        let own = Folder.target(ofLink: "/proc/self/ns/mnt")
        guard own != nil else { return nil }
        for process in [FilePath("/proc/1")] + ancestors.reversed() {
            // Reading the link takes the right to trace the process (PTRACE_MODE_READ of ptrace(2)).
            guard let other = Folder.target(ofLink: process.appending("ns/mnt")) else { continue }
            return other == own ? nil : MountNamespace(process: process)
        }
        return nil
    }

    /// From the parent on.
    private static var ancestors: [FilePath] {
        var found: [FilePath] = []
        var process = FilePath("/proc/self")
        while let parent = parent(of: process), parent > 1, found.count < deepest {
            process = FilePath("/proc/\(parent)")
            found.append(process)
        }
        return found
    }

    /// More are not looked at: processes may come and go meanwhile, and a number be given anew.
    private static let deepest = 64

    private static func parent(of process: FilePath) -> Int32? {
        let lines = (try? WholeFile.text(process.appending("status")))?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("PPid:") }?.split(separator: "\t").last.flatMap { Int32($0) }
    }
}
