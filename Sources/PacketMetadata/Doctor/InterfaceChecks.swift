// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// What an interface and its driver say of themselves. Nothing is attached to it.
struct InterfaceChecks {
    private let interface: NetworkInterface
    private let image: RegistryImage?
    private let features: XDPFeatures?
    private let queues: VethQueues?
    private let limit: NativeXDPLimit?

    init(_ interface: NetworkInterface, _ image: RegistryImage?) {
        self.interface = interface
        self.image = image
        features = try? XDPFeatures.query(ifindex: interface.index)
        queues = VethQueues(interface)
        limit = NativeXDPLimit(interface)
    }

    /// Whether programs can run in generic mode alone, as far as the kernel tells.
    var isGeneric: Bool {
        queues?.areTooFew == true || features?.hasNative == false || limit != nil
    }

    var findings: [Finding] {
        do throws(Errno) {
            let state = try interface.state()
            return [presence(state), linkLayer(state), nativeXDP, mtu(state.mtu)] + hardware
        } catch {
            return [Finding(.interface, .unknown, "the state of \(interface.name): \(error.name)"), nativeXDP]
                + hardware
        }
    }

    private func presence(_ state: NetworkInterface.State) -> Finding {
        if state.isRunning { return Finding(.interface, .ok, "\(interface.name) is up") }
        if state.isUp {
            return Finding(.interface, .weaker, "\(interface.name) is up, but has no carrier: no packets come in")
        }
        return Finding(
            .interface, .weaker, "\(interface.name) is down: no packets come in",
            remedy: "ip link set dev \(ShellWord.quoted(interface.name)) up")
    }

    private func linkLayer(_ state: NetworkInterface.State) -> Finding {
        if state.hasEthernetHeader { return Finding(.linkLayer, .ok, "packets begin with an Ethernet header") }
        return Finding(
            .linkLayer, .weaker,
            """
            \(interface.name) has no Ethernet header: packets begin with that of IP, and sources payload:OFFSET count from it; \
            the area of a packet that is forwarded to it is displaced by 14 bytes at its TC egress (EFAULT)
            """,
            remedy: "Get fields where the packets come in.")
    }

    private var nativeXDP: Finding {
        // The driver takes back what it says of itself then.
        if let queues, queues.areTooFew {
            return Finding(
                .nativeXDP, .weaker, .vethQueues(queues),
                remedy: "Where the peer is: ethtool -L PEER tx NUMBER.")
        }
        if features?.hasNative != false, let limit {
            return Finding(.nativeXDP, .weaker, .nativeXDPLimit(limit), remedy: limit.remedy)
        }
        guard let features else {
            return Finding(
                .nativeXDP, .unknown, "whether its driver has native XDP, the kernel does not tell (since Linux 6.3)")
        }
        // How large an area the driver grants, nobody tells: attaching a program would show it.
        if features.hasNative { return Finding(.nativeXDP, .ok, .nativeXDP) }
        return Finding(
            .nativeXDP, .weaker, "its driver has no native XDP: programs run in generic mode, which is slower",
            remedy: """
                pktmeta loads programs for it without their support of fragments. A loader of your own is to do that too, or TC takes \
                their areas to lie 14 bytes off.
                """)
    }

    /// What of a page the kernel itself takes beside the packet: XDP_PACKET_HEADROOM, the link-layer header, and struct
    /// skb_shared_info, which has 320 bytes.
    private static let pageOverhead = 256 + 14 + 320

    /// Of veth, it is the peer's that has to do.
    private func mtu(_ own: Int) -> Finding {
        let largest = MemoryPage.size - Self.pageOverhead
        let peer = interface.vethPeer()
        if let peer, peer.mtu == nil {
            return Finding(
                .mtu, .unknown, "the MTU of its veth peer, in whose network namespace this process may not look")
        }
        let mtu = peer?.mtu ?? own
        let whose = peer == nil ? "" : " at its veth peer"
        guard mtu > largest else { return Finding(.mtu, .ok, "an MTU of \(mtu)\(whose) fits a page") }
        if features?.hasNative == false {
            return Finding(.mtu, .ok, "an MTU of \(mtu)\(whose) does not matter to programs in generic mode")
        }
        if features?.hasNative == true, features?.takesFragments == false {
            return Finding(
                .mtu, .weaker,
                "the MTU of \(mtu)\(whose) does not fit a page, and the driver takes no fragments in native XDP",
                remedy: .smallerMTU(InterfaceRefusal.usualMTU, interface: peer == nil ? interface.name : nil))
        }
        return Finding(
            .mtu, .weaker,
            "an MTU of \(mtu)\(whose) does not fit a page: the prebuilt programs take fragments, plain SEC(\"xdp\") ones are refused",
            remedy: "Compile programs as SEC(\"xdp.frags\").")
    }

    private var hardware: [Finding] {
        let asked = (image?.hardwareFields ?? []).compactMap { field in
            field.definition.wellKnown.map { (name: field.name.text, hint: $0.hint) }
        }
        guard let hints = features?.hints else {
            return [
                Finding(
                    .hardware, .unknown, "what its driver knows of packets, the kernel does not tell (since Linux 6.7)")
            ]
        }
        let missing = asked.filter { !hints.contains($0.hint) }.map(\.name)
        guard missing.isEmpty else {
            return [
                Finding(
                    .hardware, .weaker,
                    "its driver cannot fill \(missing.joined(separator: ", ")): programs find that not set (ENOENT)")
            ]
        }
        let offered = WellKnownField.allCases.filter { hints.contains($0.hint) }.map(\.name)
        return [
            Finding(
                .hardware, .ok,
                offered.isEmpty
                    ? "its driver fills no hardware fields" : "its driver fills \(offered.joined(separator: ", "))")
        ]
    }
}
