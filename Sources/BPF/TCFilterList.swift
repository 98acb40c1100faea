// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Linux
internal import SystemPackage

/// The BPF programs that an interface has as filters of its clsact or ingress qdisc, the way before TCX.
///
/// Any process may ask.
public struct TCFilterList: Sendable, Hashable {
    /// The qdisc that holds the filters. Only one can be there.
    public enum Qdisc: String, Sendable, Hashable {
        case clsact
        /// Has no egress.
        case ingress
    }

    /// A filter of the kind bpf with an eBPF program.
    public struct Filter: Sendable, Hashable {
        /// What the one who attached it calls it; tc writes `OBJECT:[SECTION]`.
        public let name: String?
        public let programID: UInt32
        /// Lower ones run first.
        public let priority: UInt16
        public let handle: UInt32
        /// ETH_P_* of linux/if_ether.h; 3 is all.
        public let protocolNumber: UInt16
        /// Whether the program's result is the verdict on the packet (direct-action, `da`).
        public let isDirectAction: Bool
    }

    /// nil if the interface has neither; then it has no filters.
    public let qdisc: Qdisc?
    /// In the order in which they run.
    public let filters: [Filter]

    /// Asks about an interface of this thread's network namespace.
    public static func query(ifindex: UInt32, _ direction: TrafficDirection) throws(BPFError) -> TCFilterList {
        do throws(Errno) {
            let socket = try NetlinkSocket(.route)
            guard let qdisc = try qdisc(ifindex, socket) else { return TCFilterList(qdisc: nil, filters: []) }
            if qdisc == .ingress, direction == .egress { return TCFilterList(qdisc: qdisc, filters: []) }
            let request = TrafficControlHeader(ifindex: ifindex, parent: direction.filterParent)
            let filters = try socket.list(UInt16(RTM_GETTFILTER), request.encoded).compactMap(filter)
            return TCFilterList(qdisc: qdisc, filters: filters.sorted { $0.priority < $1.priority })
        } catch {
            throw BPFError("list TC filters", error)
        }
    }

    private static func qdisc(_ ifindex: UInt32, _ socket: borrowing NetlinkSocket) throws(Errno) -> Qdisc? {
        let request = TrafficControlHeader(ifindex: ifindex, parent: 0)
        for message in try socket.list(UInt16(RTM_GETQDISC), request.encoded) {
            // The kernel lists those of all interfaces.
            guard let header = TrafficControlHeader(message.body), header.ifindex == ifindex,
                let kind = header.attributes(message.body).text(Int(TCA_KIND)), let qdisc = Qdisc(rawValue: kind)
            else { continue }
            return qdisc
        }
        return nil
    }

    /// - Returns: nil for filters of other kinds, and for the line that announces a priority.
    private static func filter(_ message: NetlinkSocket.Message) -> Filter? {
        guard let header = TrafficControlHeader(message.body), case let attributes = header.attributes(message.body),
            attributes.text(Int(TCA_KIND)) == "bpf", let options = attributes.nested(Int(TCA_OPTIONS)),
            let programID = options.integer(TCA_BPF_ID, as: UInt32.self)
        else { return nil }
        return Filter(
            name: options.text(TCA_BPF_NAME), programID: programID, priority: UInt16(header.info >> 16),
            handle: header.handle, protocolNumber: UInt16(bigEndian: UInt16(truncatingIfNeeded: header.info)),
            isDirectAction: (options.integer(TCA_BPF_FLAGS, as: UInt32.self) ?? 0) & UInt32(TCA_BPF_FLAG_ACT_DIRECT)
                != 0)
    }
}

extension TrafficDirection {
    /// TC_H_MIN_INGRESS and TC_H_MIN_EGRESS of TC_H_CLSACT (linux/pkt_sched.h).
    fileprivate var filterParent: UInt32 {
        switch self {
        case .ingress: 0xffff_0000 | UInt32(TC_H_MIN_INGRESS)
        case .egress: 0xffff_0000 | UInt32(TC_H_MIN_EGRESS)
        }
    }
}

/// struct tcmsg of linux/rtnetlink.h.
private struct TrafficControlHeader {
    let ifindex: UInt32
    let handle: UInt32
    let parent: UInt32
    let info: UInt32

    private static let size = 20

    init(ifindex: UInt32, parent: UInt32) {
        self.ifindex = ifindex
        self.parent = parent
        handle = 0
        info = 0
    }

    init?(_ body: [UInt8]) {
        let words = (1..<5).compactMap { NativeBytes.integer(in: body[...], at: $0 * 4, as: UInt32.self) }
        guard words.count == 4 else { return nil }
        (ifindex, handle, parent, info) = (words[0], words[1], words[2], words[3])
    }

    /// The first word is the address family, which is none.
    var encoded: [UInt8] { [0, ifindex, handle, parent, info].flatMap { NativeBytes.encoded($0) } }

    func attributes(_ body: [UInt8]) -> NetlinkAttributes { NetlinkAttributes(body.dropFirst(Self.size)) }
}
