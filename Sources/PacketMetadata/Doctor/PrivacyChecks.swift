// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Where private fields may get to other network namespaces: decided from facts, without asking the kernel.
struct PrivacyChecks {
    /// An interface by which packets leave for another network namespace.
    struct Crossing: Hashable {
        let interface: String
        let egress: Egress
    }

    /// What is at TC egress.
    enum Egress: Hashable {
        /// No scrub program of the registry.
        case open
        /// The registry's scrub program, and no program but the prebuilt ones.
        case scrubbed
        /// The registry's scrub program among programs of users.
        case shared
        /// That cannot be known.
        case unknown
    }

    /// The registry's private fields.
    let fields: [FieldName]
    let crossings: [Crossing]

    /// nil without private fields.
    var finding: Finding? {
        guard !fields.isEmpty else { return nil }
        let names = fields.map(\.text).joined(separator: ", ")
        let open = interfaces(.open)
        if !open.isEmpty {
            return Finding(
                .privateFields, .weaker,
                "\(names) may get to other network namespaces by \(open.joined(separator: ", ")): "
                    + "no scrub program of the registry is at TC egress there",
                remedy: .scrubAtEgress(interfaces: open))
        }
        let shared = interfaces(.shared)
        if !shared.isEmpty {
            return Finding(
                .privateFields, .weaker,
                "\(names) may get to other network namespaces by \(shared.joined(separator: ", ")): programs beside the scrub "
                    + "program at TC egress may end a packet's way in front of it, or set fields behind it")
        }
        let unknown = interfaces(.unknown)
        if !unknown.isEmpty {
            return Finding(
                .privateFields, .unknown,
                "whether the scrub program is at TC egress of \(unknown.joined(separator: ", ")), and keeps \(names) here",
                isPrivilege: true)
        }
        let closed = crossings.map(\.interface).joined(separator: ", ")
        return Finding(
            .privateFields, .ok,
            closed.isEmpty
                ? "no veth pair leads to another network namespace, where \(names) could get"
                : "the scrub program keeps \(names) here, at TC egress of \(closed)")
    }

    private func interfaces(_ egress: Egress) -> [String] { crossings.filter { $0.egress == egress }.map(\.interface) }
}

extension PrivacyChecks {
    /// Of this thread's network namespace.
    static func finding(_ folder: RegistryFolder, _ image: RegistryImage?) -> Finding? {
        let fields = (image?.fields ?? []).filter(\.definition.isPrivate).map(\.name)
        guard !fields.isEmpty else { return nil }
        do throws(Errno) {
            let survey = HostSurvey()
            let links = try NetworkLink.all().filter(\.leadsElsewhere)
            return PrivacyChecks(
                fields: fields,
                crossings: links.map { Crossing(interface: $0.name, egress: egress($0.index, folder, survey)) }
            ).finding
        } catch {
            return Finding(.privateFields, .unknown, "which interfaces lead to other network namespaces: \(error.name)")
        }
    }

    private static func egress(_ ifindex: UInt32, _ folder: RegistryFolder, _ survey: HostSurvey) -> Egress {
        guard let occupancy = try? HookOccupancy(ifindex: ifindex, .tcEgress, survey), occupancy.tcx != .notPermitted
        else { return .unknown }
        let own = occupancy.occupants.filter { $0.registry == folder.path }.map(\.programName)
        guard own.contains(PrebuiltObject.scrub.name) else { return .open }
        let prebuilt = [PrebuiltObject.scrub, .consumer].map(\.name)
        let isAlone = own.count == occupancy.occupants.count && own.allSatisfy { $0.map(prebuilt.contains) ?? false }
        return isAlone ? .scrubbed : .shared
    }
}
