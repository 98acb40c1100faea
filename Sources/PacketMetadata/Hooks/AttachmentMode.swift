// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI

/// How a program is attached to its hook. Where a mode is asked for, nil is the best that the kernel and the driver have
/// (``Hook/modes``).
public enum AttachmentMode: String, Sendable, Hashable, CaseIterable {
    /// XDP in the driver, before there is an skb.
    case native
    /// XDP in the stack, on an skb: slower, for drivers without XDP.
    case generic
    /// XDP in the NIC: others' programs only.
    case offloaded
    /// A TCX link.
    case tcx
    /// A cls_bpf filter on a clsact qdisc, for kernels without TCX.
    case clsact
    /// A link, where there is no other way.
    case link
    /// A netfilter link for which the kernel puts fragments of IP packets together first.
    case defragmenting

    init(_ mode: XDPMode) {
        switch mode {
        case .native: self = .native
        case .generic: self = .generic
        case .offloaded: self = .offloaded
        }
    }

    /// nil for a mode of another hook.
    var xdp: XDPMode? {
        switch self {
        case .native: .native
        case .generic: .generic
        case .offloaded: .offloaded
        case .tcx, .clsact, .link, .defragmenting: nil
        }
    }

    /// In an attachment's record; nil for a mode that pktmeta attaches nothing in.
    var code: UInt32? {
        switch self {
        case .native: PKTMETA_MODE_XDP_NATIVE.rawValue
        case .generic: PKTMETA_MODE_XDP_GENERIC.rawValue
        case .offloaded: nil
        case .tcx: PKTMETA_MODE_TCX.rawValue
        case .clsact: PKTMETA_MODE_CLSACT.rawValue
        case .link: PKTMETA_MODE_LINK.rawValue
        case .defragmenting: PKTMETA_MODE_DEFRAGMENTING.rawValue
        }
    }

    init?(code: UInt32) {
        guard let mode = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = mode
    }
}
