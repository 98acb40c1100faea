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

    /// The modes that pktmeta attaches in, the preferred one first: the next is taken where the kernel or the driver has
    /// not the one before.
    public var modes: [AttachmentMode] {
        switch self {
        case .xdp: [.native, .generic]
        case .tcIngress: [.tcx, .clsact]
        }
    }

    /// As packets come by.
    var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// In an attachment's record.
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
