// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Who else is on an interface's hooks, and what that means.
struct HookChecks {
    private let interface: NetworkInterface
    private let folder: RegistryFolder
    private let image: RegistryImage?

    init(_ interface: NetworkInterface, _ folder: RegistryFolder, _ image: RegistryImage?) {
        self.interface = interface
        self.folder = folder
        self.image = image
    }

    var findings: [Finding] {
        let tc = occupancy(.tcIngress)
        return [xdp(occupancy(.xdp)), finding(tc, .tcIngress), finding(occupancy(.tcEgress), .tcEgress)] + mark(tc)
    }

    private func occupancy(_ hook: Hook) -> Result<HookOccupancy, BPFError> {
        Result { () throws(BPFError) in try HookOccupancy(ifindex: interface.index, hook) }
    }

    private func isOurs(_ occupant: HookOccupant) -> Bool { occupant.registry == folder.path }

    private func unknown(_ check: Finding.Check, _ error: BPFError) -> Finding {
        Finding(
            check, .unknown, "\(error.operation): \(error.errno.name)", isPrivilege: error.errno == .notPermitted)
    }

    // MARK: XDP

    private func xdp(_ result: Result<HookOccupancy, BPFError>) -> Finding {
        let occupancy: HookOccupancy
        switch result {
        case .failure(let error): return unknown(.xdpHook, error)
        case .success(let value): occupancy = value
        }
        guard let holder = occupancy.holder else {
            let inNIC = occupancy.occupants.first.map { "; in the NIC: \($0)" } ?? ""
            return Finding(.xdpHook, .ok, "the XDP hook is free\(inNIC)")
        }
        let mode = holder.mode.map { " in \($0.rawValue) mode" } ?? ""
        if isOurs(holder) { return Finding(.xdpHook, .ok, "\(holder) is attached\(mode)") }
        if holder.programName == nil, !occupancy.hasAllPins {
            return Finding(
                .xdpHook, .unknown, "whose \(holder) is, which holds the XDP hook\(mode): that takes CAP_SYS_ADMIN",
                isPrivilege: true)
        }
        return Finding(
            .xdpHook, .broken, "\(holder) holds the XDP hook\(mode)",
            remedy: .freeHook(holder, interface: interface.name))
    }

    // MARK: TC

    private func finding(_ result: Result<HookOccupancy, BPFError>, _ hook: Hook) -> Finding {
        let check = hook == .tcEgress ? Finding.Check.tcEgressHook : .tcHook
        let occupancy: HookOccupancy
        switch result {
        case .failure(let error): return unknown(check, error)
        case .success(let value): occupancy = value
        }
        let list = occupancy.occupants.map(\.description).joined(separator: ", ")
        if occupancy.tcx == .notPermitted {
            return Finding(
                check, .unknown,
                "who is on \(hook) by TCX: that takes CAP_NET_ADMIN" + (list.isEmpty ? "" : "; filters: \(list)"),
                isPrivilege: true)
        }
        let others = occupancy.occupants.filter { !isOurs($0) }
        if others.isEmpty {
            return Finding(check, .ok, list.isEmpty ? "\(hook) is free" : "at \(hook): \(list)")
        }
        return Finding(
            check, .ok, "at \(hook), which takes several: \(list)",
            remedy: """
                What one of them drops or passes on by itself, those behind it do not see. If one puts as many bytes in \
                front of packets as an XDP program does, those behind it may read an earlier packet's area.
                """)
    }

    // MARK: Mark

    /// The kernel does not tell who else uses which bits; a program at the same hook may.
    private func mark(_ tc: Result<HookOccupancy, BPFError>) -> [Finding] {
        let fields = (image?.fields ?? []).compactMap { field -> String? in
            if case .mark = field.definition.sink { "\(field.name) (\(field.definition.sink))" } else { nil }
        }
        guard !fields.isEmpty, case .success(let occupancy) = tc else { return [] }
        let others = occupancy.occupants.filter { !isOurs($0) }
        let list = fields.joined(separator: ", ")
        guard !others.isEmpty else {
            return [Finding(.mark, .ok, "no other program at TC ingress that could use the mark's bits of \(list)")]
        }
        return [
            Finding(
                .mark, .weaker,
                "the mark's bits of \(list) may be used by \(others.map(\.description).joined(separator: ", ")) too",
                remedy: .otherBits)
        ]
    }
}
