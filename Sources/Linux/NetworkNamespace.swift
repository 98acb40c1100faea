// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A network namespace, kept alive by an open descriptor (namespaces(7)).
public struct NetworkNamespace: ~Copyable, Sendable {
    public let fd: OwnedFD

    /// Opens the one that this thread is in.
    ///
    /// - Throws: `noFunction` (ENOSYS) without /proc, which would look as if the namespace were gone.
    public static func current() throws(Errno) -> NetworkNamespace {
        do throws(Errno) {
            return try NetworkNamespace(path: "/proc/thread-self/ns/net")
        } catch .noSuchFileOrDirectory {
            throw .noFunction
        }
    }

    /// Opens one by its path, such as `/run/netns/blue` or `/proc/123/ns/net`.
    public init(path: FilePath) throws(Errno) {
        let raw = unsafe path.withPlatformString { unsafe Glibc.open($0, O_RDONLY | O_CLOEXEC) }
        guard raw >= 0 else { throw Errno.last }
        fd = OwnedFD(raw)
    }

    init(_ fd: consuming OwnedFD) { self.fd = fd }

    /// Where the namespace is that a user named: `ip netns` name, process id, or path.
    ///
    /// A word that is both a name and a process id is the name, as it is to ip-netns(8).
    public static func path(named name: String) -> FilePath {
        if name.contains("/") { return FilePath(name) }
        let named = folder.appending(name)
        if UInt32(name) != nil, !Folder.exists(named) { return FilePath("/proc/\(name)/ns/net") }
        return named
    }

    /// Those that have one, for `ip netns`.
    public static var names: [String] { (try? Folder.names(in: folder)) ?? [] }

    private static let folder: FilePath = "/run/netns"

    /// Whether the file of that name is one of `ip netns` on which no namespace is mounted: not yet, or not any more.
    public static func isUnmounted(_ path: FilePath) -> Bool {
        guard path.removingLastComponent() == folder, let file = try? NetworkNamespace(path: path) else { return false }
        return linux_filesystem_magic_of(file.fd.raw) != nsfsMagic
    }

    /// NSFS_MAGIC of linux/magic.h.
    private static let nsfsMagic = 0x6e73_6673

    /// Its name for `ip netns`; nil if it has none.
    public func name() throws(Errno) -> String? { Self.name(ofInode: try inode()) }

    /// The name for `ip netns` of the one with that inode number; nil if it has none.
    public static func name(ofInode inode: UInt64) -> String? {
        names.first { (try? NetworkNamespace(path: folder.appending($0)).inode()) == inode }
    }

    /// Makes a new one; this thread stays where it is.
    public static func create() throws(Errno) -> NetworkNamespace {
        let here = try current()
        try check(linux_enter_new_netns())
        let result = Result { () throws(Errno) in try current() }
        try here.enter()
        return try result.get()
    }

    /// Moves this thread into the namespace. Interfaces and sockets are then looked up there; file systems stay.
    public func enter() throws(Errno) {
        try check(linux_enter_netns(fd.raw))
    }

    /// Runs something inside and comes back.
    public borrowing func run<Value: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Value
    ) throws(NamespaceError<Failure>) -> Value {
        // Whoever is there already need not enter, which takes CAP_SYS_ADMIN.
        if isCurrent {
            do throws(Failure) {
                return try body()
            } catch {
                throw .body(error)
            }
        }
        let here: NetworkNamespace = try enterLeaving(failingAs: Failure.self)
        // Leaving can only fail if the namespace we came from is no namespace: then nothing else here is right.
        defer { guard (try? here.enter()) != nil else { fatalError("cannot return to the network namespace") } }
        do throws(Failure) {
            return try body()
        } catch {
            throw .body(error)
        }
    }

    /// All namespaces of a kernel lie in one file system, so the inode says it.
    private var isCurrent: Bool {
        guard let own = try? inode(), let here = try? NetworkNamespace.current().inode() else { return false }
        return own == here
    }

    /// Keeps interfaces made here from getting IPv6 addresses, and so from sending packets by themselves.
    public func disableIPv6() throws(Errno) {
        do throws(NamespaceError<Errno>) {
            try run { () throws(Errno) in
                // /proc/sys/net is that of the thread's namespace.
                for scope in ["all", "default"] {
                    try Self.write("1", to: "/proc/sys/net/ipv6/conf/\(scope)/disable_ipv6")
                }
            }
        } catch {
            switch error {
            case .entering(let errno), .body(let errno): throw errno
            }
        }
    }

    private static func write(_ text: String, to path: String) throws(Errno) {
        let raw = unsafe Glibc.open(path, O_WRONLY | O_CLOEXEC)
        if raw < 0, Errno.last == .noSuchFileOrDirectory { return }  // a kernel without IPv6
        guard raw >= 0 else { throw Errno.last }
        let fd = OwnedFD(raw)
        guard unsafe Glibc.write(fd.raw, text, text.utf8.count) >= 0 else { throw Errno.last }
    }

    /// Enters, and gives back where the thread was.
    private borrowing func enterLeaving<Failure: Error>(
        failingAs: Failure.Type
    ) throws(NamespaceError<Failure>) -> NetworkNamespace {
        do throws(Errno) {
            let here = try NetworkNamespace.current()
            try enter()
            return here
        } catch {
            throw .entering(error)
        }
    }

    /// A number that tells network namespaces apart: the cookie, which none has had since boot, or before Linux 5.14,
    /// which has no SO_NETNS_COOKIE, the namespace's inode, which none other has now.
    public static func currentCookie() throws(Errno) -> UInt64 {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        let socket = OwnedFD(raw)
        let cookie = linux_netns_cookie(socket.raw)
        return cookie != 0 ? cookie : try current().inode()
    }

    /// The number that the network namespace in which a conversation was begun knows this one by (RTM_GETNSID); nil if it
    /// has none for it.
    borrowing func number(asSeenBy netlink: borrowing Netlink) -> Int32? {
        let head = Netlink.bytes(of: rtgenmsg()) + [0, 0, 0]  // padded to 4
        let asked = Netlink.attribute(Int(NETNSA_FD), Netlink.bytes(of: UInt32(fd.raw)))
        guard let answer = try? netlink.request(RTM_GETNSID, head + asked).first else { return nil }
        let attributes = Netlink.attributes(answer.dropFirst(head.count))
        let number = attributes[Int(NETNSA_NSID)].flatMap { Netlink.load(Int32.self, $0) }
        return number.flatMap { $0 < 0 ? nil : $0 }  // NETNSA_NSID_NOT_ASSIGNED
    }

    /// Tells it from all others that there are (namespaces(7)).
    public borrowing func inode() throws(Errno) -> UInt64 {
        var info = stat()
        guard unsafe fstat(fd.raw, &info) == 0 else { throw Errno.last }
        return UInt64(info.st_ino)
    }
}

/// Why something in another namespace failed.
public enum NamespaceError<Failure: Error>: Error {
    case entering(Errno)
    case body(Failure)
}
