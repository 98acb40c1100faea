// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

extension Registry {
    /// Attaches programs to interfaces of this thread's network namespace, by pinned links that outlive this process.
    ///
    /// Where this registry has programs attached already, they are replaced, with no packet unprocessed in between.
    /// Programs of others are never touched. If anything fails, all hooks are as they were before.
    ///
    /// - Throws: `notFound` if there is no such interface, a program's field is not registered, or a neighbour is not
    ///   there; `badData` for what is wrong with an object; `taken` if something else holds the hook; `unsupported`;
    ///   `missingPrivilege`.
    public func attach(
        _ request: AttachmentRequest, to interfaceNames: [String]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        try attach(request, to: .interface, named: interfaceNames) { programs throws(PacketMetadataError) in
            try Attacher.all(interfaceNames, programs: programs) { .attach(to: [$0]) }
        }
    }

    /// The same to places of netfilter in this thread's network namespace. There a program that is replaced runs beside the
    /// new one for a moment, and the new one twice: no packet passes without either.
    ///
    /// - Throws: likewise; `taken` if another BPF program has the place; `unsupported` before Linux 6.4.
    public func attach(
        _ request: AttachmentRequest, to places: [NetfilterHook]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        try attach(request, to: .netfilter, named: places.map(\.description)) { programs throws(PacketMetadataError) in
            try Attacher.all(places, programs: programs) { .attach(to: [$0]) }
        }
    }

    /// The same to cgroups of version 2, by their folders. Programs that answer sockets are attached as they are: `SocketTrial`
    /// tries whether they are right on this kernel.
    ///
    /// - Parameters:
    ///   - request: the programs, and how they are attached.
    ///   - cgroups: their folders.
    ///   - takesRoot: whether the root cgroup is meant if it is named: each packet of each socket of the host then runs the
    ///     program.
    /// - Throws: likewise; `usage` if a folder is no such cgroup.
    public func attach(
        _ request: AttachmentRequest, to cgroups: [FilePath], takesRoot: Bool = false
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        try attach(request, to: .cgroup, named: cgroups.map(\.string)) { programs throws(PacketMetadataError) in
            try Attacher.all(cgroups, takesRoot: takesRoot, hooks: request.cgroupHooks, programs: programs) {
                .attach(to: [$0])
            }
        }
    }

    /// - Parameters:
    ///   - owner: what the hooks are of.
    ///   - names: what is attached to.
    private func attach(
        _ request: AttachmentRequest, to owner: Hook.Owner, named names: [String],
        _ attachers: (CommandPrograms) throws(PacketMetadataError) -> [Attacher]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let action = Action.attach(to: names)
        return try doing(action) { () throws(PacketMetadataError) in
            try registeringMissing(request, action) { () throws(PacketMetadataError) in
                try request.checkModes()
                return try attachRegistered(request, Hook.all(of: owner), attachers(CommandPrograms()), action)
            }
        }
    }

    private func attachRegistered(
        _ request: AttachmentRequest, _ hooks: [Hook], _ attachers: [Attacher], _ action: Action
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        try changeHooks(action) { (image, index) throws(PacketMetadataError) in
            var changes: [HookChange] = []
            for attacher in attachers {
                try doing(attacher.action) { () throws(PacketMetadataError) in
                    for hook in hooks { changes.append(try attacher.change(hook, request, image, index, self)) }
                }
            }
            return changes
        }
    }

    /// Does all of some changes of hooks, or nothing, once what killed processes left is finished.
    ///
    /// - Parameters:
    ///   - action: what was asked for.
    ///   - changes: decides and loads: whatever is wrong with an object shows before anything is attached.
    func changeHooks(
        _ action: Action, _ changes: (RegistryImage, AttachmentIndex) throws(PacketMetadataError) -> [HookChange]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let store = AttachmentStore(pins)
        return try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try refuseIfReplaced()
                try recover()
            } catch {
                throw error.keeping(from: action)
            }
            let image = try image()
            try refuseIfDamaged(image)
            return try apply(changes(image, AttachmentIndex(store)), store, action)
        }
    }

    /// Does all or nothing.
    ///
    /// - Parameter action: what was asked for.
    func apply(
        _ changes: [HookChange], _ store: AttachmentStore, _ action: Action
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let undo = AttachmentUndo(store)
        var reports: [AttachmentReport] = []
        do throws(PacketMetadataError) {
            for change in changes {
                reports += try doing(change.attacher.action) { () throws(PacketMetadataError) in
                    try change.apply(undo, self)
                }
            }
        } catch {
            if undo.revert() { throw error }
            let places = Set(changes.map(\.attacher.target.place.description)).sorted()
            throw error.unfinished(action, .attachedInPart(places: places, path))
        }
        try undo.commit(action)
        return reports
    }

    /// Whether this thread's network namespace has such an interface.
    ///
    /// - Throws: `notFound` if not.
    public static func checkInterface(_ name: String) throws(PacketMetadataError) {
        try doing(.attach(to: [name])) { () throws(PacketMetadataError) in _ = try NetworkInterface.find(name) }
    }
}

extension AttachmentRequest {
    fileprivate var cgroupHooks: [Hook] {
        Hook.all(of: .cgroup).filter {
            if case .programs(let programs) = selection($0) { !programs.isEmpty } else { false }
        }
    }
}

extension Registry {
    /// Whether there is such a cgroup.
    ///
    /// - Throws: as ``attach(_:to:takesRoot:)``.
    public static func checkCgroup(
        _ path: FilePath, for request: AttachmentRequest, takesRoot: Bool
    ) throws(PacketMetadataError) {
        try doing(.attach(to: [path.string])) { () throws(PacketMetadataError) in
            _ = try CgroupTarget(path, takesRoot: takesRoot, for: request.cgroupHooks)
        }
    }

    /// Whether the kernel has netfilter programs.
    ///
    /// - Parameter places: what they are for.
    /// - Throws: `unsupported` if not.
    public static func checkNetfilter(_ places: [NetfilterHook]) throws(PacketMetadataError) {
        try doing(.attach(to: places.map(\.description))) { () throws(PacketMetadataError) in
            for place in places { _ = try NetfilterAttaching(place: place).modes(nil) }
        }
    }
}
