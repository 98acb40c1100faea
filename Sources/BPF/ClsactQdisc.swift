// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
internal import Linux
internal import SystemPackage

/// The queueing discipline that filters of an interface's ingress and egress hang from, in this thread's network
/// namespace.
///
/// An interface has one place for it, taken by `clsact` or by the older `ingress`, which has no egress filters and is as
/// good for ingress. It goes with the interface, and when the interface moves to another namespace (measured on 6.18).
///
/// Who made it is kept with the qdisc itself, and nowhere else: ``create(ifindex:)`` gives it a size table (TCA_STAB),
/// which the kernel stores and shows for every qdisc but never uses for this one, with nothing in it but a mark. So
/// there is no moment at which a killed process leaves a qdisc that nobody knows the maker of, and whichever registry
/// detaches last can remove it. `tc qdisc replace ... clsact`, by which other tools make sure that there is one, takes
/// the mark off: from then on it is theirs too, and stays.
public enum ClsactQdisc {
    /// Whether an interface has one, of either kind.
    public static func exists(ifindex: UInt32) throws(BPFError) -> Bool {
        try find(ifindex) != nil
    }

    /// `clsact` or `ingress`, whichever the interface has; nil if neither. Any process may ask.
    public static func kind(ifindex: UInt32) throws(BPFError) -> String? {
        try find(ifindex)?[Int(TCA_KIND)].map(Netlink.text)
    }

    /// Whether filters of packets that leave can hang from it: not from the older kind, which lists, and takes, any filter as
    /// one of its ingress (net/sched/sch_ingress.c, `ingress_tcf_block`).
    public static func hasEgress(ifindex: UInt32) throws(BPFError) -> Bool { try kind(ifindex: ifindex) != "ingress" }

    /// Whether it was made by ``create(ifindex:)``, and by nobody else since.
    public static func isMarked(ifindex: UInt32) throws(BPFError) -> Bool {
        try find(ifindex).map(isMarked) ?? false
    }

    private static func isMarked(_ attributes: [Int: Netlink.Body]) -> Bool {
        guard let table = attributes[Int(TCA_STAB)],
            let base = Netlink.attributes(table)[Int(TCA_STAB_BASE)],
            let sizes = Netlink.load(tc_sizespec.self, base)
        else { return false }
        return sizes.mtu == mark
    }

    /// Makes one, if there is none.
    ///
    /// - Returns: whether it was made now.
    /// - Throws: `operationNotSupportedByDevice` (ENODEV) without the interface; `notPermitted` (EPERM) without CAP_NET_ADMIN.
    public static func create(ifindex: UInt32) throws(BPFError) -> Bool {
        var sizes = tc_sizespec()
        sizes.mtu = mark
        let table = Netlink.attribute(Int(TCA_STAB_BASE), Netlink.bytes(of: sizes))
        do throws(BPFError) {
            try request(
                "make a clsact qdisc", RTM_NEWQDISC, flags: NLM_F_CREATE | NLM_F_EXCL, ifindex,
                Netlink.attribute(Int(TCA_STAB), table))
            return true
        } catch {
            if error.errno == .fileExists { return false }
            throw error
        }
    }

    /// Removes it if it bears the mark and no filter is left, at ingress or egress.
    ///
    /// The kernel cannot be told to remove an empty one only: a filter that someone adds in the microseconds between
    /// the look and the removal goes with it.
    ///
    /// - Returns: whether it was removed. An interface that is gone has none.
    @discardableResult
    public static func removeIfUnused(ifindex: UInt32) throws(BPFError) -> Bool {
        guard try isMarked(ifindex: ifindex) else { return false }
        for direction in TrafficDirection.allCases {
            guard try TCFilter.messages(ifindex: ifindex, parent: parent(direction)).isEmpty else { return false }
        }
        do throws(BPFError) {
            try request("remove a clsact qdisc", RTM_DELQDISC, ifindex, [])
            return true
        } catch {
            if error.errno == .operationNotSupportedByDevice || error.errno == .noSuchFileOrDirectory { return false }
            // "Cannot find specified qdisc": someone else has removed it.
            if error.errno == .invalidArgument, try !exists(ifindex: ifindex) { return false }
            throw error
        }
    }

    /// "pktm"
    private static let mark: UInt32 = 0x706b_746d
    private static let kind = "clsact"
    /// What filters name as their parent: TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS) and the like.
    static func parent(_ direction: TrafficDirection) -> UInt32 {
        switch direction {
        case .ingress: TC_H_CLSACT & TC_H_MAJ_MASK | TC_H_MIN_INGRESS
        case .egress: TC_H_CLSACT & TC_H_MAJ_MASK | TC_H_MIN_EGRESS
        }
    }

    /// Those of all interfaces, by the interface's index: `clsact` or `ingress`, and whether it bears the mark.
    public static func all() throws(BPFError) -> [UInt32: (kind: String, isMarked: Bool)] {
        var all: [UInt32: (kind: String, isMarked: Bool)] = [:]
        for (ifindex, attributes) in try list() {
            all[ifindex] = (attributes[Int(TCA_KIND)].map(Netlink.text) ?? "", isMarked(attributes))
        }
        return all
    }

    /// The attributes of the qdisc at that place.
    private static func find(_ ifindex: UInt32) throws(BPFError) -> [Int: Netlink.Body]? {
        try list().first { $0.ifindex == ifindex }?.attributes
    }

    /// The kernel tells of all interfaces at once. Asked for one alone, it tells everybody who listens for changes as well
    /// (net/sched/sch_api.c, `qdisc_get_notify`).
    private static func list() throws(BPFError) -> [(ifindex: UInt32, attributes: [Int: Netlink.Body])] {
        let messages = try netlink("list qdiscs") { (netlink) throws(Netlink.Refusal) in
            try netlink.dump(RTM_GETQDISC, Netlink.bytes(of: tcmsg()))
        }
        return messages.compactMap { message in
            guard let head = Netlink.load(tcmsg.self, message), head.tcm_parent == TC_H_CLSACT else { return nil }
            return (UInt32(head.tcm_ifindex), Netlink.attributes(message.dropFirst(MemoryLayout<tcmsg>.size)))
        }
    }

    private static func request(
        _ operation: String, _ type: Int, flags: CInt = 0, _ ifindex: UInt32, _ attributes: [UInt8]
    ) throws(BPFError) {
        var head = tcmsg()
        head.tcm_ifindex = CInt(ifindex)
        head.tcm_parent = TC_H_CLSACT
        head.tcm_handle = TC_H_CLSACT & TC_H_MAJ_MASK
        let body =
            Netlink.bytes(of: head) + Netlink.attribute(Int(TCA_KIND), Array(kind.utf8) + [0]) + attributes
        try netlink(operation) { (netlink) throws(Netlink.Refusal) in
            try netlink.request(type, flags: flags, body)
        }
    }
}

/// Talks to the kernel in this thread's network namespace; its refusals as errors of this module.
@discardableResult
func netlink<Value>(
    _ operation: String, _ body: (borrowing Netlink) throws(Netlink.Refusal) -> Value
) throws(BPFError) -> Value {
    do throws(Netlink.Refusal) {
        return try body(Netlink())
    } catch {
        // In libbpf's words, so that both read alike.
        throw BPFError(
            operation, error.errno, messages: error.message.map { ["Kernel error message: \($0)"] } ?? [])
    }
}
