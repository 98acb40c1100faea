// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// What else happens to packets of an interface.
struct TrafficChecks {
    private let interface: NetworkInterface
    private let image: RegistryImage?
    private let keepsAreaBesideTaps: Bool

    init(_ interface: NetworkInterface, _ image: RegistryImage?, _ traits: KernelTraits?) {
        self.interface = interface
        self.image = image
        keepsAreaBesideTaps = traits?.writesBesideTaps == true
    }

    var findings: [Finding] { [taps] + gro }

    private var taps: Finding {
        do throws(Errno) {
            let open = try PacketSocket.all().filter { $0.isTap && [0, interface.index].contains($0.ifindex) }
            if open.isEmpty { return Finding(.taps, .ok, "no tap shares its packets") }
            let owners = open.map { $0.owner?.description ?? "a process of another user" }
            let effect = keepsAreaBesideTaps ? "set and clear at TC are refused (EBUSY)" : "set at TC loses the area"
            return Finding(
                .taps, .weaker, "\(Self.counted(owners)) may share its packets: \(effect)",
                remedy: "Set fields in XDP, or end it; the prebuilt programs are not affected.")
        } catch {
            return Finding(.taps, .unknown, "whether taps share its packets: \(error.name)")
        }
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
                return [Finding(.gro, .ok, "GRO is off, so it does not matter that \(names) differs with each packet")]
            }
            return [
                Finding(
                    .gro, .weaker, "\(names) differs with each packet, so GRO merges none: TCP is slower",
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
