// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

/// Where an attachment is now, as far as this process can find out.
enum AttachmentPlace {
    case interface(InterfacePlace)
    /// With the network namespace; nil if it is not found, or may not be entered.
    case netfilter(NetfilterHook, netnsCookie: UInt64, NamespaceLabel?)
    case cgroup(FilePath, id: UInt64)

    /// Where attachments are, in their order.
    static func all(
        _ attachments: [Attachment], _ namespaces: KnownNamespaces = KnownNamespaces()
    ) -> [AttachmentPlace] {
        var members: [Int: InterfacePlace.Member] = [:]
        for (index, attachment) in attachments.enumerated() {
            if let member = InterfacePlace.Member(attachment) { members[index] = member }
        }
        let places = InterfacePlace.all(members)
        return attachments.enumerated().compactMap { index, attachment in
            switch attachment.record.site {
            case .interface: places[index].map { .interface($0) }
            case .netfilter(let hook, let netnsCookie):
                .netfilter(hook, netnsCookie: netnsCookie, namespaces.label(netnsCookie))
            case .cgroup(let path, let id): .cgroup(path, id: id)
            }
        }
    }

    var site: HookSite {
        switch self {
        case .interface(let place): place.site
        case .netfilter(let hook, let netnsCookie, _): .netfilter(netnsCookie: netnsCookie, hook)
        case .cgroup(_, let id): .cgroup(id)
        }
    }

    var named: HookPlace {
        switch self {
        case .interface(let place): .interface(place.interface, place.namespace)
        case .netfilter(let hook, let netnsCookie, let namespace): .netfilter(hook, namespace ?? .cookie(netnsCookie))
        case .cgroup(let path, _): .cgroup(path)
        }
    }
}
