// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Testing

/// A path that packets take between the program that sets a field and the one that gets it.
struct SurvivalRow: Sendable, CustomTestStringConvertible {
    enum Outcome: String, Sendable {
        /// Each packet has the value that was set on it.
        case value = "the value"
        /// There is no metadata.
        case gone = "`-EFAULT`: no area"
        /// There is metadata, but it is not where the kernel says.
        case moved = "`-EFAULT`: area displaced"
        case notSet = "`-ENOENT`: a new area"
        case valueOrGone = "the value, or `-EFAULT`: no area"
        case noPacket = "no packet arrives"
    }

    enum Mode: String, Sendable {
        case native = "yes"
        case generic = "no"
        case either = "either"
        /// No XDP program is in it.
        case none = "–"

        /// How the program that sets the field is attached, one test case each.
        var attachments: [XDPMode] {
            switch self {
            case .native, .none: [.native]
            case .generic: [.generic]
            case .either: [.native, .generic]
            }
        }
    }

    let path: String
    let mode: Mode
    let outcome: Outcome
    let why: String
    let route: SurvivalRoute

    init(_ path: String, _ mode: Mode, _ outcome: Outcome, _ why: String, _ route: SurvivalRoute) {
        self.path = path
        self.mode = mode
        self.outcome = outcome
        self.why = why
        self.route = route
    }

    var testDescription: String { path }

    /// As in Survival.md.
    var rendered: String { "| \(path) | \(mode.rawValue) | \(outcome.rawValue) | \(why) |" }
}

/// How to set up a row's path.
struct SurvivalRoute: Sendable {
    enum Point: Sendable {
        case nearEgress, farIngress, outEgress, endIngress
        /// Ingress of a VXLAN device whose packets come in at the far end.
        case tunnelIngress
        /// Egress of a device without Ethernet header, at the far end.
        case tunEgress
    }

    enum Traffic: Sendable, Equatable {
        /// UDP packets to the far end.
        case datagrams
        /// UDP packets to the end of the chain.
        case forwarded
        /// UDP packets to the far end's VXLAN address.
        case tunnelled
        /// UDP packets by VXLAN to the end of the chain, which is in one Ethernet with the far end's VXLAN device.
        case bridged
        /// UDP packets to an address that the far end reaches by a device without Ethernet header.
        case toTun
        /// UDP packets to an address that the far end reaches by VXLAN over the second pair.
        case intoTunnel
        /// A TCP stream with GRO on.
        case stream(merged: Bool)
    }

    enum Stamp: String, Sendable {
        case pass = "stamp"
        case toDevice = "stamp_to_device"
        case toCPU = "stamp_to_cpu"
        case withOthers = "stamp_others"
        case pushed = "stamp_pushed"
    }

    /// The XDP program at the far end that sets the field; nil: there is none.
    var stamp: Stamp? = .pass
    /// Bytes that ``Stamp/pushed`` puts in front of every third packet; negative: takes off.
    var pushed: Int32 = 0
    /// Whether it is one for packets in fragments; nil: in native mode.
    var frags: Bool?
    /// The byte of the packet that its value tells.
    var markerAt: Int32 = -20
    /// A TC program before the reader.
    var change: String?
    /// Its helper is not successful.
    var changeFails = false
    var changeAt = Point.farIngress
    /// What `change` is run with, one test case each.
    var amounts: [Int32] = [0]
    /// An AF_PACKET socket listens in the far end's namespace.
    var tap = false
    /// The end of the chain has an XDP program, which does nothing.
    var endXDP: XDPMode?
    /// It opens the area.
    var endOpens = false
    var endGRO = false
    var traffic = Traffic.datagrams
    var reader = Point.farIngress
}
