// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Clibbpf

/// The section that a program is in, as in `SEC("xdp.frags")`, and what it says of where the program runs.
public struct ProgramSection: Sendable, Hashable, CustomStringConvertible {
    public enum Place: Sendable, Hashable {
        case xdp
        /// On packets that a device map sends.
        case deviceMap
        /// On packets that a CPU map hands to another CPU.
        case cpuMap
        /// TC in whichever direction it is attached to.
        case tc
        case tcIngress, tcEgress
        case netfilter
        /// At a cgroup, in whichever direction it is attached to.
        case cgroup
        case cgroupIngress, cgroupEgress
        /// At a cgroup, on socket options that are asked for or set.
        case socketOptionsGet, socketOptionsSet
        /// Somewhere else.
        case other
    }

    /// Without the `?` by which an author asks loaders to leave a program out unless it is named.
    public let name: String
    public let place: Place
    /// Whether it takes XDP packets in fragments.
    public let takesFragments: Bool

    public init(name: String) {
        let known = Self.known.first { $0.name == name }
        (self.name, place, takesFragments) = (name, known?.place ?? .other, known?.takesFragments ?? false)
    }

    public var description: String { "SEC(\"\(name)\")" }

    /// All sections that run in one of those places, as an author writes them.
    public static func sections(of places: Set<Place>) -> [ProgramSection] {
        known.filter { places.contains($0.place) }
    }

    private init(_ name: String, _ place: Place, takesFragments: Bool = false) {
        (self.name, self.place, self.takesFragments) = (name, place, takesFragments)
    }

    private static let known = [
        ProgramSection("xdp", .xdp), ProgramSection("xdp.frags", .xdp, takesFragments: true),
        ProgramSection("xdp/devmap", .deviceMap), ProgramSection("xdp.frags/devmap", .deviceMap, takesFragments: true),
        ProgramSection("xdp/cpumap", .cpuMap), ProgramSection("xdp.frags/cpumap", .cpuMap, takesFragments: true),
        ProgramSection("tc", .tc), ProgramSection("tcx/ingress", .tcIngress), ProgramSection("tc/ingress", .tcIngress),
        ProgramSection("tcx/egress", .tcEgress), ProgramSection("tc/egress", .tcEgress),
        ProgramSection("classifier", .tc), ProgramSection("netfilter", .netfilter),
        ProgramSection("cgroup_skb/ingress", .cgroupIngress), ProgramSection("cgroup_skb/egress", .cgroupEgress),
        ProgramSection("cgroup/skb", .cgroup), ProgramSection("cgroup/getsockopt", .socketOptionsGet),
        ProgramSection("cgroup/setsockopt", .socketOptionsSet),
    ]

    /// Sections that libbpf is told of, once:
    ///
    /// - `xdp.frags`, since libbpf would set the flag of such a program by the section's name, come what may; with a
    ///   handler of our own it leaves that to ``BPFObject/load(only:boundTo:takesFragments:)``.
    /// - TC with a direction, and netfilter, which libbpf knows since 1.3 and 1.2 only.
    static let areRegistered: Bool = {
        let handlers =
            [
                unsafe libbpf_register_prog_handler("xdp.frags", BPF_PROG_TYPE_XDP, BPF_XDP, nil),
                unsafe libbpf_register_prog_handler(
                    "netfilter", bpf_prog_type(UInt32(NETFILTER_PROGRAM_TYPE)),
                    bpf_attach_type(UInt32(NETFILTER_ATTACH_TYPE)), nil),
            ]
            + known.filter { $0.place == .tcIngress || $0.place == .tcEgress }.map {
                // The kernel asks for the direction when a program is attached, not when it is loaded.
                unsafe libbpf_register_prog_handler($0.name, BPF_PROG_TYPE_SCHED_CLS, bpf_attach_type(0), nil)
            }
        return handlers.allSatisfy { $0 > 0 }
    }()
}
