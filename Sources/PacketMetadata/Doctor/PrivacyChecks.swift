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
        /// Whether the registry's scrub program is at its TC egress; nil if that cannot be known.
        let isScrubbed: Bool?
    }

    /// The registry's private fields.
    let fields: [FieldName]
    let crossings: [Crossing]

    /// nil without private fields.
    var finding: Finding? {
        guard !fields.isEmpty else { return nil }
        let names = fields.map(\.text).joined(separator: ", ")
        let open = crossings.filter { $0.isScrubbed == false }.map(\.interface)
        if !open.isEmpty {
            return Finding(
                .privateFields, .weaker,
                "\(names) may get to other network namespaces by \(open.joined(separator: ", ")): "
                    + "no scrub program of the registry is at TC egress there",
                remedy: .scrubAtEgress(interfaces: open))
        }
        let unknown = crossings.filter { $0.isScrubbed == nil }.map(\.interface)
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
                crossings: links.map { Crossing(interface: $0.name, isScrubbed: isScrubbed($0.index, folder, survey)) }
            ).finding
        } catch {
            return Finding(.privateFields, .unknown, "which interfaces lead to other network namespaces: \(error.name)")
        }
    }

    private static func isScrubbed(_ ifindex: UInt32, _ folder: RegistryFolder, _ survey: HostSurvey) -> Bool? {
        guard let occupancy = try? HookOccupancy(ifindex: ifindex, .tcEgress, survey), occupancy.tcx != .notPermitted
        else { return nil }
        return occupancy.occupants.contains {
            $0.registry == folder.path && $0.programName == PrebuiltObject.scrub.name
        }
    }
}
