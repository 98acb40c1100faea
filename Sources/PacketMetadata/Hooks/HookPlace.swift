// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// What has a hook, as people know it.
public enum HookPlace: Sendable, Hashable {
    /// By its name: now, or when it was attached to if that cannot be known.
    case interface(String, NamespaceLabel)
    case netfilter(NetfilterHook, NamespaceLabel)
    /// By its folder, as it was named when it was attached to.
    case cgroup(FilePath)

    /// nil of something else.
    public var interface: String? { if case .interface(let name, _) = self { name } else { nil } }

    public var netfilter: NetfilterHook? { if case .netfilter(let hook, _) = self { hook } else { nil } }

    public var cgroup: FilePath? { if case .cgroup(let path) = self { path } else { nil } }

    /// nil of a cgroup, which has sockets of whatever network namespaces.
    public var namespace: NamespaceLabel? {
        switch self {
        case .interface(_, let namespace), .netfilter(_, let namespace): namespace
        case .cgroup: nil
        }
    }
}

extension HookPlace: CustomStringConvertible {
    /// Its name, without a network namespace: `eth0`, `ipv4 input, priority 0`, or a path.
    public var description: String {
        switch self {
        case .interface(let name, _): name
        case .netfilter(let hook, _): hook.description
        case .cgroup(let path): path.string
        }
    }
}

extension HookPlace {
    func inNamespace(_ namespace: NamespaceLabel) -> HookPlace {
        switch self {
        case .interface(let name, _): .interface(name, namespace)
        case .netfilter(let hook, _): .netfilter(hook, namespace)
        case .cgroup: self
        }
    }

    /// As they are listed.
    static func areInOrder(_ one: HookPlace, _ other: HookPlace) -> Bool {
        switch (one, other) {
        case (.interface(let one, _), .interface(let other, _)): one < other
        case (.netfilter(let one, _), .netfilter(let other, _)): one.order < other.order
        case (.cgroup(let one), .cgroup(let other)): one.string < other.string
        default: one.rank < other.rank
        }
    }

    private var rank: Int {
        switch self {
        case .interface: 0
        case .netfilter: 1
        case .cgroup: 2
        }
    }
}

extension NetfilterHook {
    fileprivate var order: (UInt32, UInt32, Int32) { (family.number, stage.number, priority) }
}
