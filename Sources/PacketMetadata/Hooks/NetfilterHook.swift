// SPDX-License-Identifier: BSD-2-Clause

internal import BPF

/// A place of netfilter in a network namespace, where the kernel takes one BPF program.
public struct NetfilterHook: Sendable, Hashable, CustomStringConvertible {
    /// Of whose packets a hook is.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        case ipv4, ipv6
    }

    /// Where in a packet's way it is, in the order of the kernel's numbers.
    public enum Stage: String, Sendable, Hashable, CaseIterable {
        case prerouting, input, forward, output, postrouting
    }

    public let family: Family
    public let stage: Stage
    /// Lower ones run first, among all that has hooked itself in there: chains of nftables and iptables, connection tracking.
    public let priority: Int32

    public init(_ family: Family, _ stage: Stage, priority: Int32) {
        self.family = family
        self.stage = stage
        self.priority = priority
    }

    /// `ipv4 input, priority 0`
    public var description: String { "\(family.rawValue) \(stage.rawValue), priority \(priority)" }
}

// MARK: The kernel's numbers

extension NetfilterHook {
    func position(_ mode: AttachmentMode) -> NetfilterPosition {
        NetfilterPosition(
            family: family.number, hook: stage.number, priority: priority, defragments: mode == .defragmenting)
    }

    /// - Returns: nil for a place that pktmeta does not know.
    init?(_ position: NetfilterPosition) {
        self.init(familyNumber: position.family, stageNumber: position.hook, priority: position.priority)
    }

    init?(familyNumber: UInt32, stageNumber: UInt32, priority: Int32) {
        guard let family = Family.allCases.first(where: { $0.number == familyNumber }),
            let stage = Stage.allCases.first(where: { $0.number == stageNumber })
        else { return nil }
        self.init(family, stage, priority: priority)
    }
}

extension NetfilterHook.Family {
    /// NFPROTO_* of linux/netfilter.h.
    var number: UInt32 {
        switch self {
        case .ipv4: 2
        case .ipv6: 10
        }
    }
}

extension NetfilterHook.Stage {
    /// NF_INET_* of linux/netfilter.h.
    var number: UInt32 {
        switch self {
        case .prerouting: 0
        case .input: 1
        case .forward: 2
        case .output: 3
        case .postrouting: 4
        }
    }
}
