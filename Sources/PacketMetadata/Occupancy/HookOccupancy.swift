// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

/// Who is on a hook.
public struct HookOccupancy: Sendable, Hashable {
    /// What the kernel says of TCX.
    public enum TCX: Sendable, Hashable {
        /// The hook's revision: each change raises it.
        case available(revision: UInt64)
        /// Since Linux 6.6.
        case unavailable
        /// Without CAP_NET_ADMIN.
        case notPermitted
    }

    /// In the order in which they run: TCX programs before filters.
    public let occupants: [HookOccupant]
    /// nil for others than TC.
    public let tcx: TCX?
    /// `clsact` or `ingress` if the interface has that qdisc; nil for others than TC.
    public let qdisc: String?
    /// Whether all pins could be looked at: else there may be more than the occupants' ``HookOccupant/pins``.
    public let hasAllPins: Bool

    /// Who has the only place of an XDP hook in the stack, which a program in the NIC leaves free.
    var holder: HookOccupant? { occupants.first { $0.mode != .offloaded } }

    /// Asks the kernel about an interface of this thread's network namespace. Takes no capability, but without
    /// CAP_SYS_ADMIN names and links may be unknown, and without CAP_NET_ADMIN what TCX holds.
    ///
    /// - Throws: `notFound` if there is no such interface.
    public init(of interfaceName: String, _ hook: Hook) throws(PacketMetadataError) {
        let action = Action.lookAtHook(hook.description, interface: interfaceName)
        let interface = try doing(action) { () throws(PacketMetadataError) in try NetworkInterface.find(interfaceName) }
        do throws(BPFError) {
            try self.init(ifindex: interface.index, hook)
        } catch {
            throw PacketMetadataError(error, needs: [.netAdmin]).keeping(from: action)
        }
    }

    /// - Parameter survey: of the machine, for several hooks the same.
    init(ifindex: UInt32, _ hook: Hook, _ survey: HostSurvey = HostSurvey()) throws(BPFError) {
        if let direction = hook.tcDirection {
            try self.init(tcOf: ifindex, direction, survey)
        } else {
            try self.init(xdpOf: ifindex, survey)
        }
    }

    // MARK: Cgroups

    /// Those that the cgroup has itself: programs of cgroups above run as well.
    init(_ cgroup: OpenCgroup, _ hook: CgroupHook, _ survey: HostSurvey = HostSurvey()) throws(BPFError) {
        let programs = try CgroupPrograms.query(cgroup.group, hook)
        let knowledge = Knowledge(programs: Set(programs), survey)
        var links = programs.isEmpty ? [] : try survey.links(ofCgroup: cgroup.id, hook)
        occupants = programs.map { id in
            let index = links.firstIndex { $0.programID == id }
            let link = index.map { links.remove(at: $0).id }
            return knowledge.occupant(id, link == nil ? .cgroup : .cgroupLink, link: link)
        }
        tcx = nil
        qdisc = nil
        hasAllPins = knowledge.hasAllPins
    }

    // MARK: XDP

    private init(xdpOf ifindex: UInt32, _ survey: HostSurvey) throws(BPFError) {
        let programs = try AttachedXDPProgram.query(ifindex: ifindex)
        let ids = Set(programs.map(\.id))
        let knowledge = Knowledge(programs: ids, dispatchersOf: ifindex, survey)
        let known = ids.isEmpty ? (links: [], isComplete: true) : try survey.xdpLinks(ifindex: ifindex)
        let links = known.links.filter { ids.contains($0.programID) }
        let hasNoLink = links.isEmpty && known.isComplete
        occupants = programs.map { program in
            // An ifindex repeats across network namespaces, so the same program may have two such links; then which is
            // this interface's is unknown.
            let fitting = links.filter { $0.programID == program.id }
            let link = fitting.count == 1 ? fitting.first?.id : nil
            let mechanism: HookOccupant.Mechanism = link != nil ? .xdpLink : hasNoLink ? .xdpNetlink : .xdp
            return knowledge.occupant(program.id, mechanism, mode: AttachmentMode(program.mode), link: link)
        }
        tcx = nil
        qdisc = nil
        hasAllPins = knowledge.hasAllPins
    }

    // MARK: TC

    private init(tcOf ifindex: UInt32, _ direction: TrafficDirection, _ survey: HostSurvey) throws(BPFError) {
        var programs: [TCXPrograms.Program] = []
        do throws(BPFError) {
            if let answer = try TCXPrograms.query(ifindex: ifindex, direction) {
                tcx = .available(revision: answer.revision)
                programs = answer.programs
            } else {
                tcx = .unavailable
            }
        } catch {
            guard error.errno == .notPermitted else { throw error }
            tcx = .notPermitted
        }
        let filters = try TCFilter.filters(ifindex: ifindex, direction)
        let knowledge = Knowledge(programs: Set(programs.map(\.id) + filters.compactMap(\.programID)), survey)
        let tcxOccupants = programs.map { program in
            knowledge.occupant(program.id, program.linkID == nil ? .tcxProgram : .tcxLink, link: program.linkID)
        }
        let filterOccupants = filters.compactMap { filter in
            filter.programID.map { id in
                knowledge.occupant(
                    id, .clsBPF,
                    filter: HookOccupant.Filter(
                        name: filter.name, priority: filter.place.priority, handle: filter.place.handle,
                        isDirectAction: filter.isDirectAction))
            }
        }
        occupants = tcxOccupants + filterOccupants
        qdisc = try survey.qdisc(ifindex: ifindex)?.kind
        hasAllPins = knowledge.hasAllPins
    }
}
