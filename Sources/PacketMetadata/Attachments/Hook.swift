// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// Where in a packet's way a program runs.
public enum Hook: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case xdp
    case tcIngress = "tc_ingress"

    public var description: String {
        switch self {
        case .xdp: "XDP"
        case .tcIngress: "TC ingress"
        }
    }

    /// As packets come by.
    var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    var code: UInt32 {
        switch self {
        case .xdp: PKTMETA_HOOK_XDP.rawValue
        case .tcIngress: PKTMETA_HOOK_TC_INGRESS.rawValue
        }
    }

    init?(code: UInt32) {
        guard let hook = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = hook
    }
}

/// How a program is attached.
public enum AttachmentMode: String, Sendable, Hashable, CaseIterable {
    /// XDP in the driver, before there is an skb.
    case native
    /// XDP in the stack, on an skb: slower, for drivers without XDP.
    case generic
    /// A TCX link.
    case tcx
    /// A cls_bpf filter on a clsact qdisc, for kernels without TCX.
    case clsact

    var code: UInt32 {
        switch self {
        case .native: PKTMETA_MODE_XDP_NATIVE.rawValue
        case .generic: PKTMETA_MODE_XDP_GENERIC.rawValue
        case .tcx: PKTMETA_MODE_TCX.rawValue
        case .clsact: PKTMETA_MODE_CLSACT.rawValue
        }
    }

    init?(code: UInt32) {
        guard let mode = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = mode
    }
}
