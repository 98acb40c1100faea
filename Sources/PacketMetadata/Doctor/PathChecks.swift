// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import SystemPackage

/// What displaces or loses areas on the way up of an interface's packets: decided from facts, without asking the kernel.
struct PathChecks {
    let interface: String
    let tunnels: TunnelPaths
    /// nil if the interface has no such settings.
    let offloads: ReceiveOffloads?
    /// Whether its XDP programs run in generic mode, or would.
    let isGeneric: Bool
    /// Whether tunnels of other network namespaces are among them, as far as there are any.
    var looksElsewhere = true

    var findings: [Finding] { [tunnel] + [tunnelGRO, groList, udpForwarding, lro].compactMap(\.self) }

    // MARK: Tunnels

    private var tunnel: Finding {
        let texts = [ownTunnel, named(tunnels.above, "takes", "take"), perhaps].compactMap(\.self)
        guard !texts.isEmpty else {
            return looksElsewhere
                ? Finding(.tunnels, .ok, "no tunnel takes packets that come in here")
                : Finding(
                    .tunnels, .unknown,
                    "no tunnel of this network namespace takes packets that come in here; to look at others takes CAP_SYS_ADMIN",
                    isPrivilege: true)
        }
        let text = texts.joined(separator: "; ")
        return Finding(
            .tunnels, .weaker, text,
            remedy: tunnels.own == nil
                ? "Get fields on \(interface), in XDP or at TC, not on the tunnel's device."
                : "Get fields where the outer packets come in; on \(interface) there are those that XDP sets on it.")
    }

    private var ownTunnel: String? {
        guard let own = tunnels.own else { return nil }
        let source = tunnels.below.map { "by \($0)" } ?? "by another interface"
        return """
            \(interface) is a tunnel (\(own.rawValue)): the area of a packet that came in \(source) is displaced here, \
            and its fields are not found (EFAULT)
            """
    }

    /// What the area does where packets leave their tunnel.
    private static let displaced = "behind it the area is displaced, and fields are not found (EFAULT)"

    private func named(_ tunnels: [TunnelPaths.Tunnel], _ one: String, _ several: String) -> String? {
        guard !tunnels.isEmpty else { return nil }
        let verb = tunnels.count == 1 ? one : several
        return "\(Self.names(tunnels)) \(verb) packets that come in here out of a tunnel: \(Self.displaced)"
    }

    private var perhaps: String? {
        named(tunnels.perhapsAbove, "may take", "may take")
    }

    private static func names(_ tunnels: [TunnelPaths.Tunnel]) -> String {
        tunnels.map { tunnel in
            "\(tunnel.name) (\(tunnel.kind.rawValue)\(tunnel.isElsewhere ? ", in another network namespace" : ""))"
        }.joined(separator: ", ")
    }

    /// GRO compares, for each two packets that it might merge, as many bytes in front of the Ethernet header as the area has.
    /// Behind a tunnel these are the outer headers, which differ (`gro_list_prepare` of net/core/gro.c). What was merged before
    /// it left the tunnel does not matter.
    private var tunnelGRO: Finding? {
        let all = tunnels.above + tunnels.perhapsAbove
        guard !all.isEmpty else { return nil }
        let effect =
            "any area on its packets keeps GRO from merging them behind \(all.map(\.name).joined(separator: ", ")): "
            + "TCP through the tunnel is slower"
        guard let offloads else {
            return Finding(.tunnelGRO, .unknown, "whether GRO is on is not told; if it is off, \(effect)")
        }
        guard offloads.gro else {
            return Finding(
                .tunnelGRO, .weaker, "GRO is off on \(interface), so \(effect)",
                remedy: "ethtool -K \(ShellWord.quoted(interface)) gro on")
        }
        // netif_elide_gro of include/linux/netdevice.h
        if isGeneric {
            return Finding(
                .tunnelGRO, .weaker, "a program in generic mode keeps GRO off \(interface), so \(effect)",
                remedy: "Attach it in native mode, or make no area on packets of the tunnel.")
        }
        let encrypted = all.filter(\.kind.isEncrypted)
        guard encrypted.isEmpty else {
            return Finding(
                .tunnelGRO, .weaker,
                "GRO cannot merge encrypted packets on \(interface), so any area on them keeps it from merging them behind "
                    + "\(encrypted.map(\.name).joined(separator: ", ")): TCP through the tunnel is slower",
                remedy: "Make no area on packets of the tunnel.")
        }
        return Finding(.tunnelGRO, .ok, "GRO is on, and merges packets before they leave their tunnel")
    }

    // MARK: Offloads

    private var groList: Finding? {
        guard let offloads, offloads.gro, offloads.groList else { return nil }
        return Finding(
            .groList, .weaker,
            "GRO makes lists (rx-gro-list): what TC sets or clears reaches the first packet of a list, the others keep what XDP set",
            remedy: "Set fields in XDP, or ethtool -K \(ShellWord.quoted(interface)) rx-gro-list off")
    }

    private var udpForwarding: Finding? {
        guard let offloads, offloads.gro, offloads.udpForwarding else { return nil }
        return Finding(
            .udpForwarding, .weaker,
            "rx-udp-gro-forwarding is on: UDP packets that were merged are forwarded without their areas",
            remedy: "ethtool -K \(ShellWord.quoted(interface)) rx-udp-gro-forwarding off")
    }

    private var lro: Finding? {
        guard let offloads, offloads.lro else { return nil }
        return Finding(
            .lro, .weaker,
            "LRO is on: the NIC merges packets before XDP, and drivers may refuse XDP with it",
            remedy: "ethtool -K \(ShellWord.quoted(interface)) lro off")
    }
}

extension PathChecks {
    /// Asks the kernel for the facts.
    ///
    /// - Parameter isGeneric: whether programs would run in generic mode if there is none yet.
    init(_ interface: NetworkInterface, isGeneric: Bool) throws(Errno) {
        let programs = try? XDPProgramIDs(ifindex: interface.index)
        self.init(
            interface: interface.name,
            tunnels: TunnelPaths(
                of: interface.index, among: try NetworkLink.all(), elsewhere: NetworkLink.tunnelsElsewhere()),
            offloads: try? interface.receiveOffloads(),
            isGeneric: programs?.generic != nil || (isGeneric && programs?.native == nil),
            looksElsewhere: Capability.missing(of: [.sysAdmin]).isEmpty)
    }

    /// What is found of an interface, be it that nothing can be found out.
    static func findings(_ interface: NetworkInterface, isGeneric: Bool) -> [Finding] {
        do throws(Errno) {
            return try PathChecks(interface, isGeneric: isGeneric).findings
        } catch {
            return [Finding(.tunnels, .unknown, "whether a tunnel takes its packets: \(error.name)")]
        }
    }
}
