// SPDX-License-Identifier: BSD-2-Clause

import BPF
import TestSupport

/// How to set up a row's path.
struct SurvivalRoute: Sendable {
    /// One of the chain's namespaces.
    enum Place: Sendable, Hashable {
        case near, far, onward
    }

    /// A TC hook of an interface.
    struct Point: Sendable, Hashable {
        let interface: String
        let place: Place
        var isEgress = false

        static let nearEgress = Point(interface: VethPair.near, place: .near, isEgress: true)
        static let farIngress = Point(interface: VethPair.far, place: .far)
        static let outEgress = Point(interface: VethChain.out, place: .far, isEgress: true)
        static let endIngress = Point(interface: VethChain.end, place: .onward)
        static let loopback = Point(interface: "lo", place: .far)

        /// Of an interface of the far end.
        static func ingress(_ interface: String, in place: Place = .far) -> Point {
            Point(interface: interface, place: place)
        }
        static func egress(_ interface: String) -> Point { Point(interface: interface, place: .far, isEgress: true) }
    }

    enum Traffic: Sendable, Equatable {
        /// UDP packets from the near end to an IPv4 address.
        case datagrams(to: String)
        /// UDP packets of the far end to itself.
        case loopback
        /// Ethernet frames to be taken out of IPv6 by a segment routing header (End.DX2).
        case segmentRouting
        /// VXLAN packets whose outer IP header has options.
        case tunnelWithOptions
        /// Frames with a VLAN tag that names no VLAN (VID 0), into VXLAN, for a host behind another VXLAN.
        case taggedTunnel
        /// A TCP stream with GRO on.
        case stream(merged: Bool)

        static let toFarEnd = datagrams(to: VethPair.farAddress)
        static let toEnd = datagrams(to: VethChain.endHost)
    }

    enum Stamp: String, Sendable {
        case pass = "stamp"
        case toDevice = "stamp_to_device"
        case toCPU = "stamp_to_cpu"
        case withOthers = "stamp_others"
        case pushed = "stamp_pushed"
        /// Every third packet's; of the others it reserves an area's bytes as if it were another program, and writes nothing there.
        case reserving = "stamp_or_reserve"
    }

    /// The XDP program that sets the field; nil: there is none.
    var stamp: Stamp? = .pass
    var stampAt = Point.farIngress
    /// Bytes that ``Stamp/pushed`` puts in front of every third packet; negative: takes off.
    var pushed: Int32 = 0
    /// Whether it is one for packets in fragments; nil: in native mode.
    var frags: Bool?
    /// The byte of the packet that its value tells; negative: from the end.
    var markerAt: Int32 = -20
    /// For packets that XDP sees in others, encrypted: the outer IP protocol, where the outer packet has a number that tells the
    /// inner one's, and by how much it is more.
    var outerMarker: (protocol: UInt8, at: Int32, ahead: UInt8)?
    /// A TC program before the reader, of Tests/Programs/survival_change.bpf.c.
    var change: String?
    /// It is of Tests/Programs/survival_cursor.bpf.c.
    var usesOldCursor = false
    /// Kernels on which its helper is not successful.
    var changeFails: Set<SurvivalKernel> = []
    var changeAt = Point.farIngress
    /// What `change` is run with, one case each.
    var amounts: [Int32] = [0]
    /// The interface at the far end that `change` sends packets to.
    var target = VethChain.out
    /// An AF_PACKET socket listens in the far end's namespace.
    var tap = false
    /// The end of the chain has an XDP program, which does nothing.
    var endXDP: XDPMode?
    /// It opens the area.
    var endOpens = false
    var endGRO = false
    /// What the path leads through besides the chain.
    var device: SurvivalDevice?
    var traffic = Traffic.toFarEnd
    var reader = Point.farIngress
    /// The IP protocol of the packets that the reader looks at; 0: any.
    var onlyProtocol: UInt8 = 0
}
