// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Something whose hooks programs are attached to, with what that depends on: a further kind is one more of these.
protocol AttachmentTarget: Sendable {
    /// As records keep it.
    var site: RecordedSite { get }
    /// As reports name it.
    var place: HookPlace { get }
    /// Whether packets at its hooks begin with one.
    var hasEthernetHeader: Bool { get }

    /// All programs on a hook, in the order in which they run; nil where attachments stay where they were attached, and are
    /// known by their names.
    func programs(_ hook: Hook) throws(BPFError) -> [HookProgram]?

    /// How programs get to a hook.
    func attaching(_ hook: Hook) -> any HookAttaching

    /// How a program that asks an interface's driver is bound to that; nil if there is no driver.
    func device(isAttached: Bool) -> DeviceAccess?
}

extension AttachmentTarget {
    func point(_ hook: Hook) -> HookPoint { HookPoint(site: site.site, hook: hook) }
    func programs(_ hook: Hook) throws(BPFError) -> [HookProgram]? { nil }
    func device(isAttached: Bool) -> DeviceAccess? { nil }
}

// MARK: Interfaces

extension HookInterface: AttachmentTarget {
    var site: RecordedSite { .interface(name, netnsCookie: netnsCookie, ifindex: index) }
    var place: HookPlace { .interface(name, namespace) }

    func programs(_ hook: Hook) throws(BPFError) -> [HookProgram]? { try hook.programs(ifindex: index) }

    func attaching(_ hook: Hook) -> any HookAttaching {
        guard let direction = hook.tcDirection else { return XDPAttaching(interface: self) }
        return TCAttaching(direction: direction, interface: self)
    }

    func device(isAttached: Bool) -> DeviceAccess? {
        DeviceAccess(interface: name, isAttached: isAttached) { load throws(PacketMetadataError) in
            try load(index)
        }
    }
}

// MARK: Netfilter

/// A place of netfilter in this thread's network namespace.
struct NetfilterTarget: AttachmentTarget {
    let hook: NetfilterHook
    let netnsCookie: UInt64
    /// The namespace as people know it.
    let namespace: NamespaceLabel

    /// - Parameter netns: the name of this thread's network namespace; nil if it has none.
    init(_ hook: NetfilterHook, netns: String?) throws(PacketMetadataError) {
        self.hook = hook
        do throws(Errno) {
            netnsCookie = try NetworkNamespace.currentCookie()
        } catch {
            throw PacketMetadataError(error, doing: "ask for the network namespace's cookie")
        }
        namespace = netns.map { .named($0) } ?? .cookie(netnsCookie)
    }

    var site: RecordedSite { .netfilter(hook, netnsCookie: netnsCookie) }
    var place: HookPlace { .netfilter(hook, namespace) }
    let hasEthernetHeader = false

    func attaching(_ hook: Hook) -> any HookAttaching { NetfilterAttaching(place: self.hook) }
}

// MARK: Cgroups

/// A cgroup of version 2.
struct CgroupTarget: AttachmentTarget {
    let path: FilePath
    let cgroup: OpenCgroup

    /// - Parameters:
    ///   - takesRoot: whether the root cgroup is meant, if it is it.
    ///   - hooks: those that it is meant for.
    /// - Throws: `notFound` if there is no such cgroup; `usage` for the root cgroup.
    init(_ path: FilePath, takesRoot: Bool, for hooks: [Hook]) throws(PacketMetadataError) {
        cgroup = try OpenCgroup(path)
        if cgroup.isRoot, !takesRoot { throw PacketMetadataError(CgroupRefusal.rootCgroup(path, hooks)) }
        self.path = cgroup.realPath ?? path
    }

    var site: RecordedSite { .cgroup(path, id: cgroup.id) }
    var place: HookPlace { .cgroup(path) }
    let hasEthernetHeader = false

    func attaching(_ hook: Hook) -> any HookAttaching {
        CgroupAttaching(hook: hook, kernelHook: hook.ofCgroup ?? .ingress, cgroup: cgroup)
    }
}
