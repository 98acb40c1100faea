// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI

/// Where in a packet's way a program runs.
public enum Hook: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case xdp
    case tcIngress = "tc_ingress"
    case tcEgress = "tc_egress"
    /// One of the places of netfilter in a network namespace (``NetfilterHook``).
    case netfilter
    /// Of packets to sockets of a cgroup.
    case cgroupIngress = "cgroup_ingress"
    /// Of packets from sockets of a cgroup.
    case cgroupEgress = "cgroup_egress"
    /// Of what sockets of a cgroup ask, for the prebuilt program that answers them (``SocketWays``).
    case socketGet = "socket_get"
    /// Of what they want kept of the packets that come.
    case socketSet = "socket_set"
    /// Of these packets: the kernel's hook is that of ``cgroupIngress``, where users have programs of their own.
    case socketIngress = "socket_ingress"

    /// What has hooks.
    public enum Owner: Sendable, Hashable, CaseIterable {
        case interface, netfilter, cgroup
    }

    /// What has this one.
    public var owner: Owner {
        switch self {
        case .xdp, .tcIngress, .tcEgress: .interface
        case .netfilter: .netfilter
        case .cgroupIngress, .cgroupEgress, .socketGet, .socketSet, .socketIngress: .cgroup
        }
    }

    /// Those for applications that ask for fields by their sockets.
    public static let ofSockets: [Hook] = [.socketGet, .socketSet, .socketIngress]

    /// Whether it is one of these.
    var isOfSockets: Bool { Self.ofSockets.contains(self) }

    /// Those that something of that kind has.
    public static func all(of owner: Owner) -> [Hook] { allCases.filter { $0.owner == owner } }

    public var description: String {
        switch self {
        case .xdp: "XDP"
        case .tcIngress: "TC ingress"
        case .tcEgress: "TC egress"
        case .netfilter: "netfilter"
        case .cgroupIngress: "cgroup ingress"
        case .cgroupEgress: "cgroup egress"
        case .socketGet: "getsockopt"
        case .socketSet: "setsockopt"
        case .socketIngress: "socket ingress"
        }
    }

    /// The modes that pktmeta attaches in, the preferred one first: the next is taken where the kernel or the driver has
    /// not the one before.
    public var modes: [AttachmentMode] {
        switch self {
        case .xdp: [.native, .generic]
        case .tcIngress, .tcEgress: [.tcx, .clsact]
        case .netfilter: [.link, .defragmenting]
        case .cgroupIngress, .cgroupEgress, .socketGet, .socketSet, .socketIngress: [.link]
        }
    }

    /// Of a hook of TC, the packets that programs there get; nil for others.
    var tcDirection: TrafficDirection? {
        switch self {
        case .tcIngress: .ingress
        case .tcEgress: .egress
        default: nil
        }
    }

    /// Of a cgroup's hook, the kernel's; nil for others.
    var ofCgroup: CgroupHook? {
        switch self {
        case .cgroupIngress, .socketIngress: .ingress
        case .cgroupEgress: .egress
        case .socketGet: .socketOptionsGet
        case .socketSet: .socketOptionsSet
        case .xdp, .tcIngress, .tcEgress, .netfilter: nil
        }
    }

    /// Of TC.
    init(_ direction: TrafficDirection) {
        switch direction {
        case .ingress: self = .tcIngress
        case .egress: self = .tcEgress
        }
    }

    /// As packets come by.
    var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// In an attachment's record.
    var code: UInt32 {
        switch self {
        case .xdp: PKTMETA_HOOK_XDP.rawValue
        case .tcIngress: PKTMETA_HOOK_TC_INGRESS.rawValue
        case .tcEgress: PKTMETA_HOOK_TC_EGRESS.rawValue
        case .netfilter: PKTMETA_HOOK_NETFILTER.rawValue
        case .cgroupIngress: PKTMETA_HOOK_CGROUP_INGRESS.rawValue
        case .cgroupEgress: PKTMETA_HOOK_CGROUP_EGRESS.rawValue
        case .socketGet: PKTMETA_HOOK_SOCKET_GET.rawValue
        case .socketSet: PKTMETA_HOOK_SOCKET_SET.rawValue
        case .socketIngress: PKTMETA_HOOK_SOCKET_INGRESS.rawValue
        }
    }

    init?(code: UInt32) {
        guard let hook = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = hook
    }
}
