// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import SystemPackage

/// Something that keeps a network namespace alive, by which this process can open it.
///
/// Not all that does can be seen: neither a descriptor that is on its way from one process to another in a socket, nor a
/// mount in a mount namespace that no process is in.
enum NetworkNamespaceHandle {
    /// A name, a mount, a process, or a descriptor of the namespace.
    case file(FilePath)
    /// A process's socket, or its descriptor of /dev/net/tun: it belongs to the namespace that it was opened in.
    case socket(process: Int32, descriptor: Int32)

    func open() throws(Errno) -> NetworkNamespace {
        switch self {
        case .file(let path): return try NetworkNamespace(path: path)
        case .socket(let process, let descriptor):
            let raw = linux_open_netns_of_socket(process, descriptor)
            guard raw >= 0 else { throw Errno(rawValue: -raw) }
            return NetworkNamespace(OwnedFD(raw))
        }
    }

    /// All that there are on this host, the cheap ones first.
    static let lists: [@Sendable () -> [NetworkNamespaceHandle]] = [
        { [.file("/proc/thread-self/ns/net")] },
        { files(in: "/run/netns") },
        { mounts((try? MountPoint.all(ofType: "nsfs")) ?? []) },
        { processes.map { .file($0.path.appending("ns/net")) } },
        { mountsOfOthers },
        { processes.flatMap { files(in: $0.path.appending("task")) { $0.appending("ns/net") } } },
        { processes.flatMap(\.namespaces) },
        { processes.flatMap(\.sockets) },
    ]

    private static var processes: [Process] {
        ((try? Folder.names(in: "/proc")) ?? []).compactMap { Int32($0) }.map(Process.init)
    }

    private static func files(
        in folder: FilePath, _ file: (FilePath) -> FilePath = { $0 }
    ) -> [NetworkNamespaceHandle] {
        ((try? Folder.names(in: folder)) ?? []).map { .file(file(folder.appending($0))) }
    }

    private static func mounts(_ all: [MountPoint]) -> [NetworkNamespaceHandle] {
        all.filter { $0.root.hasPrefix("net:") }.map { .file($0.path) }
    }

    /// In each mount namespace that a process is in, once for each root folder that processes have there.
    private static var mountsOfOthers: [NetworkNamespaceHandle] {
        var seen: Set<[String?]> = []
        return processes.flatMap { process -> [NetworkNamespaceHandle] in
            let view = ["ns/mnt", "root"].map { Folder.target(ofLink: process.path.appending($0)) }
            guard view[0] != nil, seen.insert(view).inserted else { return [] }
            return mounts((try? MountPoint.all(ofType: "nsfs", seenBy: process.path)) ?? [])
        }
    }
}

/// A process, as /proc shows it.
private struct Process {
    let id: Int32

    var path: FilePath { FilePath("/proc/\(id)") }

    /// Its descriptors of namespaces. Of one that was opened by a name, the link shows the name, or what is left of it.
    var namespaces: [NetworkNamespaceHandle] {
        let device = Self.device(of: "/proc/thread-self/ns/net")
        return descriptors.filter { file in
            file.target.hasPrefix("net:[") || file.target.hasPrefix("/") && Self.device(of: file.path) == device
        }
        .map { .file($0.path) }
    }

    var sockets: [NetworkNamespaceHandle] {
        descriptors.filter { $0.target.hasPrefix("socket:[") || $0.target == "/dev/net/tun" }
            .map { .socket(process: id, descriptor: $0.number) }
    }

    private static func device(of file: FilePath) -> UInt64 {
        unsafe file.withPlatformString { unsafe linux_file_device($0) }
    }

    private var descriptors: [(number: Int32, path: FilePath, target: String)] {
        let folder = path.appending("fd")
        return ((try? Folder.names(in: folder)) ?? []).compactMap { name in
            let path = folder.appending(name)
            guard let number = Int32(name), let target = Folder.target(ofLink: path) else { return nil }
            return (number, path, target)
        }
    }
}
