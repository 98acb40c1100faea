// SPDX-License-Identifier: BSD-2-Clause

import TestSupport

/// What a path leads through besides the chain of veth pairs: shell scripts that make it, one a namespace.
///
/// Networks are 198.18.N.0/24 (RFC 2544), a device each, in which the near end is 1, the far end 2 and the chain's end 3.
/// Neighbours are static, so that nothing is sent by itself.
struct SurvivalDevice: Sendable, Hashable {
    var near = ""
    var far = ""
    /// For the chain's end, whose namespace is `$onward` in the script for the far end.
    var onward = ""
    /// It takes interfaces of the chain away from other paths.
    var isAlone = false
    /// What it counts begins with each case.
    var isFresh = false
    /// The kernel's module that this machine's Linux 6.18 is built without.
    var module: String?

    // MARK: Tunnels

    /// A tunnel's two ends over one of the pairs.
    private struct Ends {
        let near, far: String

        static let firstPair = Ends(near: "192.0.2.1", far: "192.0.2.2")
        static let secondPair = Ends(near: "198.51.100.1", far: "198.51.100.2")
    }

    /// - Parameter options: with `LOCAL` and `REMOTE` in it.
    private static func tunnel(
        _ name: String, _ network: Int, _ options: String, _ ends: Ends = .firstPair, hosts: (Int, Int) = (1, 2)
    ) -> (String, String) {
        func end(_ local: String, _ remote: String, _ host: Int, _ peer: Int) -> String {
            let options = options.replacing("LOCAL", with: local).replacing("REMOTE", with: remote)
            let isEthernet = options.hasPrefix("vxlan") || options.hasPrefix("geneve")
            let (address, neighbour) = (mac(network, host), mac(network, peer))
            return """
                ip link add \(name) \(isEthernet ? "address \(address)" : "") type \(options)
                ip address add 198.18.\(network).\(host)/24 dev \(name)
                ip link set \(name) up

                """
                    + (isEthernet
                        ? "ip neigh replace 198.18.\(network).\(peer) lladdr \(neighbour) dev \(name) nud permanent\n"
                        : "")
        }
        return (end(ends.near, ends.far, hosts.0, hosts.1), end(ends.far, ends.near, hosts.1, hosts.0))
    }

    private static func mac(_ network: Int, _ host: Int) -> String {
        "02:00:00:00:" + [network, host].map { String($0 + 0x100, radix: 16).dropFirst() }.joined(separator: ":")
    }

    /// Without a UDP checksum, so that a test knows what lies there.
    private static let vxlanEnds = tunnel("vxlan1", 1, "vxlan id 7 dstport 4789 local LOCAL remote REMOTE noudpcsum")
    static let vxlan = Self(near: vxlanEnds.0, far: vxlanEnds.1)
    /// The chain's end is in one Ethernet with the far end's VXLAN device.
    static let bridgedVXLAN = Self(
        near: vxlanEnds.0 + "ip neigh replace 198.18.1.3 lladdr \(VethChain.endMAC) dev vxlan1 nud permanent",
        far: vxlanEnds.1 + bridge(["vxlan1", VethChain.out]), isAlone: true)
    private static let onwardEnds = tunnel(
        "vxlan2", 2, "vxlan id 8 dstport 4789 local LOCAL remote REMOTE", .secondPair, hosts: (2, 3))
    static let onwardVXLAN = Self(far: onwardEnds.0, onward: onwardEnds.1)
    /// The far end forwards from one to the other.
    static let twoVXLANs = Self(near: vxlanEnds.0, far: vxlanEnds.1 + onwardEnds.0, onward: onwardEnds.1)

    private static func tunnelOfModule(_ module: String, _ ends: (String, String)) -> Self {
        Self(near: ends.0, far: ends.1, module: module)
    }
    static let geneve = tunnelOfModule("geneve", tunnel("geneve0", 11, "geneve id 7 remote REMOTE"))
    static let gre = tunnelOfModule("ip_gre", tunnel("gretun0", 9, "gre local LOCAL remote REMOTE ttl 64"))
    static let ipip = tunnelOfModule("ipip", tunnel("ipiptun0", 10, "ipip local LOCAL remote REMOTE ttl 64"))

    static let wireguard = Self(
        near: wireguard(host: 1, peer: 2), far: wireguard(host: 2, peer: 1), isFresh: true, module: "wireguard")

    /// Clamped private keys of X25519, of the host's number in each byte but the last.
    private static func wireguard(host: Int, peer: Int) -> String {
        let keys = [
            "CAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAUE=", "EAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAkI=",
        ]
        return """
            ip link add wg0 type wireguard
            own=$(mktemp)
            echo \(keys[host - 1]) >$own
            wg set wg0 private-key $own listen-port 51820 peer "$(echo \(keys[peer - 1]) | wg pubkey)" \
                allowed-ips 198.18.12.0/24 endpoint 192.0.2.\(peer):51820
            rm $own
            ip address add 198.18.12.\(host)/24 dev wg0
            ip link set wg0 up
            """
    }

    private static let securityAssociation = """
        ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x13 reqid 13 mode tunnel \
            aead 'rfc4106(gcm(aes))' 0x000102030405060708090a0b0c0d0e0f10111213 128
        ip xfrm policy add dir DIRECTION src 192.0.2.1 dst 198.18.13.2 \
            tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 13 mode tunnel

        """
    static let ipsec = Self(
        near: securityAssociation.replacing("DIRECTION", with: "out"),
        far: securityAssociation.replacing("DIRECTION", with: "in")
            + "ip address add 198.18.13.2/32 dev \(VethPair.far)",
        isFresh: true, module: "esp4")

    static let segmentRouting = Self(
        far: """
            echo 0 >/proc/sys/net/ipv6/conf/\(VethPair.far)/disable_ipv6
            ip -6 route add fc00::2/128 encap seg6local action End.DX2 oif \(VethChain.out) dev \(VethPair.far)
            """)

    // MARK: Devices of the far end

    /// Has no Ethernet header, and nobody reads from it.
    static let tun = Self(
        far: """
            ip tuntap add dev tun0 mode tun
            ip address add 198.18.4.2/24 dev tun0
            ip link set tun0 up
            """)
    static let tap = Self(
        far: """
            ip tuntap add dev tap0 mode tap
            ip address add 198.18.5.2/24 dev tap0
            ip link set tap0 up
            ip neigh replace 198.18.5.3 lladdr \(mac(5, 3)) dev tap0 nud permanent
            """)
    static let loopback = Self(far: "ip link set lo up")
    static let ifb = Self(far: "ip link add ifb0 type ifb && ip link set ifb0 up")
    static let netkit = Self(
        far: """
            ip link add netkit0 type netkit
            ip link set nk0 netns $onward
            ip address add 198.18.17.2/24 dev netkit0
            ip link set netkit0 up
            """,
        onward: "ip link set nk0 up", module: "netkit")

    // MARK: Devices of which the far end's interface is a part

    private static func bridge(_ ports: [String]) -> String {
        // Or it sends reports of its own.
        "ip link add bridge0 address \(mac(20, 2)) type bridge mcast_snooping 0\n"
            + ports.map { "ip link set \($0) master bridge0\n" }.joined() + "ip link set bridge0 up\n"
    }
    private static func neighbour(_ network: Int, _ host: Int, _ mac: String) -> String {
        """
        ip address add 198.18.\(network).1/24 dev \(VethPair.near)
        ip neigh replace 198.18.\(network).\(host) lladdr \(mac) dev \(VethPair.near) nud permanent

        """
    }
    private static let farMAC = "02:00:00:00:00:02"

    static let bridgePort = Self(
        near: neighbour(20, 2, mac(20, 2))
            + "ip neigh replace 198.18.20.3 lladdr \(VethChain.endMAC) dev \(VethPair.near) nud permanent",
        far: bridge([VethPair.far, VethChain.out]) + "ip address add 198.18.20.2/24 dev bridge0", isAlone: true)
    static let macvlan = Self(
        near: neighbour(6, 3, mac(6, 3)),
        far: """
            ip link add link \(VethPair.far) name macvlan0 address \(mac(6, 3)) type macvlan mode bridge
            ip link set macvlan0 netns $onward
            """,
        onward: "ip address add 198.18.6.3/24 dev macvlan0 && ip link set macvlan0 up", isAlone: true)
    static let ipvlan = Self(
        near: neighbour(16, 3, farMAC),
        far: """
            ip link add link \(VethPair.far) name ipvlan0 type ipvlan mode l2
            ip link set ipvlan0 netns $onward
            """,
        onward: "ip address add 198.18.16.3/24 dev ipvlan0 && ip link set ipvlan0 up", isAlone: true,
        module: "ipvlan")

    static let vlan = Self(near: vlan(1, VethPair.near), far: vlan(2, VethPair.far), module: "8021q")
    private static func vlan(_ host: Int, _ below: String) -> String {
        "ip link add link \(below) name vlan0 type vlan id 5\n" + vlanAddress("vlan0", 7, host)
    }
    static let qinq = Self(near: qinq(1, VethPair.near), far: qinq(2, VethPair.far), module: "8021q")
    private static func qinq(_ host: Int, _ below: String) -> String {
        """
        ip link add link \(below) name outer0 type vlan proto 802.1ad id 6
        ip link set outer0 up
        ip link add link outer0 name inner0 type vlan id 7

        """ + vlanAddress("inner0", 8, host)
    }
    private static func vlanAddress(_ name: String, _ network: Int, _ host: Int) -> String {
        """
        ip address add 198.18.\(network).\(host)/24 dev \(name)
        ip link set \(name) up
        ip neigh replace 198.18.\(network).\(3 - host) lladdr 02:00:00:00:00:0\(3 - host) dev \(name) nud permanent
        """
    }

    static let bond = aggregate("bond0", 14, "ip link add bond0 type bond mode active-backup miimon 10", "bonding")
    static let team = aggregate(
        "team0", 15, "ip link add team0 address \(farMAC) type team && teamnl team0 setoption mode roundrobin", "team")
    private static func aggregate(_ name: String, _ network: Int, _ making: String, _ module: String) -> Self {
        Self(
            near: neighbour(network, 2, farMAC),
            far: """
                \(making)
                ip link set \(VethPair.far) down
                ip link set \(VethPair.far) master \(name)
                ip link set \(name) up
                ip address add 198.18.\(network).2/24 dev \(name)
                timeout 10 sh -c 'until ip link show \(name) | grep -q LOWER_UP; do sleep 0.05; done'
                """,
            isAlone: true, module: module)
    }
}
