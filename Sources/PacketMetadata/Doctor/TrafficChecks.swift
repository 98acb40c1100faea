// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// What else happens to packets of an interface.
struct TrafficChecks {
    private let interface: NetworkInterface
    private let image: RegistryImage?
    private let traits: KernelTraits?

    init(_ interface: NetworkInterface, _ image: RegistryImage?, _ traits: KernelTraits?) {
        self.interface = interface
        self.image = image
        self.traits = traits
    }

    var findings: [Finding] { [taps] + gro }

    private var taps: Finding {
        do throws(Errno) {
            let open = try PacketSocket.all().filter { $0.isTap && [0, interface.index].contains($0.ifindex) }
            func owners(_ sockets: [PacketSocket]) -> String {
                Self.counted(sockets.map { $0.owner?.description ?? "a process of another user" })
            }
            let sharing = open.filter { !$0.hasRing }
            if sharing.isEmpty {
                let copying = open.isEmpty ? "" : ": \(owners(open)) gets copies"
                return Finding(.taps, .ok, "no tap shares its packets" + copying)
            }
            return Self.finding(owners(sharing), traits)
        } catch {
            return Finding(.taps, .unknown, "whether taps share its packets: \(error.name)")
        }
    }

    /// What taps mean for programs that set fields at TC.
    static func finding(_ taps: String, _ traits: KernelTraits?) -> Finding {
        let sharing = "\(taps) may share its packets"
        if traits?.copiesBesideTaps == true {
            return Finding(
                .taps, .ok, "\(sharing): set and clear at TC have the kernel copy the packet's head, with the area")
        }
        let effect =
            traits?.writesBesideTaps == true
            ? "set and clear at TC are refused (EBUSY)" : "set at TC loses the area (until Linux 6.18)"
        return Finding(
            .taps, .weaker, "\(sharing): \(effect), and programs that write to the packet itself lose it",
            remedy: """
                Set fields in XDP, or end it. The prebuilt programs do neither, but for the scrub program, behind which such a packet \
                has no field.
                """)
    }

    private static func counted(_ owners: [String]) -> String {
        Set(owners).sorted().map { owner in
            let count = owners.count { $0 == owner }
            return count == 1 ? owner : "\(owner) \(count.of("time"))"
        }.joined(separator: ", ")
    }

    /// Only if fields are registered that it matters for.
    private var gro: [Finding] {
        let varying = (image?.fields ?? []).filter { $0.definition.sample == 1 && $0.definition.source.alwaysVaries }
            .map(\.name.text)
        guard !varying.isEmpty else { return [] }
        do throws(Errno) {
            let names = varying.joined(separator: ", ")
            guard try interface.mergesPackets() else {
                return [
                    Finding(.gro, .ok, "GRO is off, so values that differ with each packet do not matter: \(names)")
                ]
            }
            return [
                Finding(
                    .gro, .weaker,
                    "values that differ with each packet keep GRO from merging, so TCP is slower: \(names)",
                    remedy: .sampling)
            ]
        } catch {
            return [Finding(.gro, .unknown, "whether GRO is on: \(error.name)")]
        }
    }
}

extension FieldSource {
    /// Whether two packets of one flow never have the same value.
    fileprivate var alwaysVaries: Bool {
        switch self {
        case .sequence, .ktime, .rxTimestamp: true
        default: false
        }
    }
}
