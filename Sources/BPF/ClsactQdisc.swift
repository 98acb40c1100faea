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

    /// Whether it was made by ``create(ifindex:)``, and by nobody else since.
    public static func isMarked(ifindex: UInt32) throws(BPFError) -> Bool {
        guard let attributes = try find(ifindex), let table = attributes[Int(TCA_STAB)],
            let base = RouteNetlink.attributes(table)[Int(TCA_STAB_BASE)],
            let sizes = RouteNetlink.load(tc_sizespec.self, base)
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
        let table = RouteNetlink.attribute(Int(TCA_STAB_BASE), RouteNetlink.bytes(of: sizes))
        do throws(BPFError) {
            try request(
                "make a clsact qdisc", RTM_NEWQDISC, flags: NLM_F_CREATE | NLM_F_EXCL, ifindex,
                RouteNetlink.attribute(Int(TCA_STAB), table))
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
        for parent in [ingress, egress] {
            guard try TCFilter.messages(ifindex: ifindex, parent: parent).isEmpty else { return false }
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
    static let ingress = TC_H_CLSACT & TC_H_MAJ_MASK | TC_H_MIN_INGRESS
    private static let egress = TC_H_CLSACT & TC_H_MAJ_MASK | TC_H_MIN_EGRESS

    /// The attributes of the qdisc at that place.
    private static func find(_ ifindex: UInt32) throws(BPFError) -> [Int: RouteNetlink.Body]? {
        let messages = try netlink("list qdiscs") { (netlink) throws(RouteNetlink.Refusal) in
            try netlink.dump(RTM_GETQDISC, RouteNetlink.bytes(of: tcmsg()))
        }
        for message in messages {
            guard let head = RouteNetlink.load(tcmsg.self, message), head.tcm_ifindex == CInt(ifindex),
                head.tcm_parent == TC_H_CLSACT
            else { continue }
            return RouteNetlink.attributes(message.dropFirst(MemoryLayout<tcmsg>.size))
        }
        return nil
    }

    private static func request(
        _ operation: String, _ type: Int, flags: CInt = 0, _ ifindex: UInt32, _ attributes: [UInt8]
    ) throws(BPFError) {
        var head = tcmsg()
        head.tcm_ifindex = CInt(ifindex)
        head.tcm_parent = TC_H_CLSACT
        head.tcm_handle = TC_H_CLSACT & TC_H_MAJ_MASK
        let body =
            RouteNetlink.bytes(of: head) + RouteNetlink.attribute(Int(TCA_KIND), Array(kind.utf8) + [0]) + attributes
        try netlink(operation) { (netlink) throws(RouteNetlink.Refusal) in
            try netlink.request(type, flags: flags, body)
        }
    }
}

/// Talks to the kernel in this thread's network namespace; its refusals as errors of this module.
func netlink<Value>(
    _ operation: String, _ body: (borrowing RouteNetlink) throws(RouteNetlink.Refusal) -> Value
) throws(BPFError) -> Value {
    do throws(RouteNetlink.Refusal) {
        return try body(RouteNetlink())
    } catch {
        // In libbpf's words, so that both read alike.
        throw BPFError(
            operation, error.errno, messages: error.message.map { ["Kernel error message: \($0)"] } ?? [])
    }
}
