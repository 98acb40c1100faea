// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI

/// Where in a packet's way a program runs.
public enum Hook: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case xdp
    case tcIngress = "tc_ingress"
    case tcEgress = "tc_egress"

    public var description: String {
        switch self {
        case .xdp: "XDP"
        case .tcIngress: "TC ingress"
        case .tcEgress: "TC egress"
        }
    }

    /// The modes that pktmeta attaches in, the preferred one first: the next is taken where the kernel or the driver has
    /// not the one before.
    public var modes: [AttachmentMode] {
        switch self {
        case .xdp: [.native, .generic]
        case .tcIngress, .tcEgress: [.tcx, .clsact]
        }
    }

    /// The packets that programs at the hook get; nil for XDP, which has only those that come in.
    var direction: TrafficDirection? {
        switch self {
        case .xdp: nil
        case .tcIngress: .ingress
        case .tcEgress: .egress
        }
    }

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
        }
    }

    init?(code: UInt32) {
        guard let hook = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = hook
    }
}
