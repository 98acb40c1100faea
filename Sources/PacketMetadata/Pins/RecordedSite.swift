// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// What an attachment's hook is of, as its record keeps it: by what the kernel knows it by, and by its name when it was
/// attached to.
enum RecordedSite: Equatable, Sendable {
    case interface(String, netnsCookie: UInt64, ifindex: UInt32)
    case netfilter(NetfilterHook, netnsCookie: UInt64)
    case cgroup(FilePath, id: UInt64)

    var site: HookSite {
        switch self {
        case .interface(_, let netnsCookie, let ifindex): .interface(netnsCookie: netnsCookie, ifindex: ifindex)
        case .netfilter(let hook, let netnsCookie): .netfilter(netnsCookie: netnsCookie, hook)
        case .cgroup(_, let id): .cgroup(id)
        }
    }

    var place: HookPlace {
        switch self {
        case .interface(let name, let netnsCookie, _): .interface(name, .cookie(netnsCookie))
        case .netfilter(let hook, let netnsCookie): .netfilter(hook, .cookie(netnsCookie))
        case .cgroup(let path, _): .cgroup(path)
        }
    }
}

// MARK: In a record

extension RecordedSite {
    /// Writes it into a record's head.
    ///
    /// - Returns: what goes behind the object.
    func write(to head: inout pktmeta_attachment) -> [UInt8] {
        switch self {
        case .interface(let name, let netnsCookie, let ifindex):
            head.ifindex = ifindex
            head.netns_cookie = netnsCookie
            encodeBytes(Self.bytes(ofInterface: name), into: &head.interface)
        case .netfilter(let hook, let netnsCookie):
            head.netns_cookie = netnsCookie
            return encode(
                pktmeta_netfilter_place(
                    family: hook.family.number, hook: hook.stage.number, priority: hook.priority, pad: 0))
        case .cgroup(let path, let id): return encode(pktmeta_cgroup_place(id: id)) + Array(path.string.utf8)
        }
        return []
    }

    /// - Parameter rest: what is behind the object.
    /// - Returns: nil if that is none of such a hook.
    init?(_ head: pktmeta_attachment, of owner: Hook.Owner, _ rest: ArraySlice<UInt8>) {
        switch owner {
        case .interface:
            guard rest.isEmpty else { return nil }
            self = .interface(
                SpelledBytes.text(encode(head.interface).prefix { $0 != 0 }), netnsCookie: head.netns_cookie,
                ifindex: head.ifindex)
        case .netfilter:
            guard rest.count == MemoryLayout<pktmeta_netfilter_place>.size else { return nil }
            let place = decode(Array(rest), as: pktmeta_netfilter_place.self)
            guard
                let hook = NetfilterHook(
                    familyNumber: place.family, stageNumber: place.hook, priority: place.priority)
            else { return nil }
            self = .netfilter(hook, netnsCookie: head.netns_cookie)
        case .cgroup:
            let size = MemoryLayout<pktmeta_cgroup_place>.size
            guard rest.count > size else { return nil }
            let place = decode(Array(rest.prefix(size)), as: pktmeta_cgroup_place.self)
            self = .cgroup(FilePath(String(decoding: rest.dropFirst(size), as: UTF8.self)), id: place.id)
        }
    }

    /// As the kernel has it; a name that is longer than the kernel's are has bytes that are spelled.
    private static func bytes(ofInterface name: String) -> [UInt8] {
        let room = MemoryLayout.size(ofValue: pktmeta_attachment().interface)
        return name.utf8.count < room ? Array(name.utf8) : Array(SpelledBytes.bytes(name).prefix(room - 1))
    }
}
