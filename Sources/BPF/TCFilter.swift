// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import CLinuxShims
internal import Linux
internal import SystemPackage

/// The place of a program among an interface's filters in one direction (cls_bpf in direct-action mode): for kernels
/// without TCX, before Linux 6.6. It works on later ones too, where filters run behind TCX programs.
///
/// A filter is no link: it has no descriptor and cannot be pinned, it holds its program, and it goes with the
/// interface, with the qdisc, and when the interface moves to another network namespace. Everything here is about this
/// thread's namespace. The interface needs a ``ClsactQdisc`` first.
///
/// Whose a filter is, its program says: compare ``programID()`` with the id of a program that one keeps pinned. The
/// kernel gives no id twice while the program lives. So there is nothing to record when a filter is attached: whoever
/// pins the program first finds the filter afterwards by ``filters(ifindex:)``, also if the process that attached it was
/// killed before it knew the place.
public struct TCFilter: Sendable, Hashable {
    public let ifindex: UInt32
    public let direction: TrafficDirection
    /// 1 to 65535: lower ones run first. A filter's successors run only if it returns TC_ACT_UNSPEC (-1).
    public let priority: UInt32
    /// Tells filters of one priority apart.
    public let handle: UInt32

    public init(ifindex: UInt32, _ direction: TrafficDirection, priority: UInt32, handle: UInt32) {
        self.ifindex = ifindex
        self.direction = direction
        self.priority = priority
        self.handle = handle
    }

    /// Adds a filter.
    ///
    /// It is always a new one: attaching the same program twice gives two, with places of their own. The kernel, asked
    /// without a priority, gives 49152 to the first and then one less each time, so that the latest runs *first*; so
    /// the priority is chosen here.
    ///
    /// Another process that removes the qdisc as unused in just this moment removes the filter with it, or this fails
    /// with EINVAL: see ``ClsactQdisc/removeIfUnused(ifindex:)``.
    ///
    /// - Parameter place: a priority and a handle; nil for the next priority behind those of all filters there are, or
    ///   49152 if there are none.
    /// - Throws: `fileExists` (EEXIST) if a filter has that very place; `invalidArgument` (EINVAL) without a qdisc, for
    ///   egress also if it is the older one, or if filters of another kind or protocol have the priority;
    ///   `operationNotSupportedByDevice` (ENODEV) without the interface; `noSpace` (ENOSPC) if there is no priority behind
    ///   the last filter; `notPermitted` (EPERM) without CAP_NET_ADMIN.
    public static func attach(
        _ program: borrowing BPFProgram, ifindex: UInt32, _ direction: TrafficDirection,
        at place: (priority: UInt32, handle: UInt32)? = nil
    ) throws(BPFError) -> TCFilter {
        if let place {
            let filter = TCFilter(ifindex: ifindex, direction, priority: place.priority, handle: place.handle)
            try filter.add(program)
            return filter
        }
        while true {
            let last = try filters(ifindex: ifindex, direction).map(\.place.priority).max()
            guard last != lastPriority else {
                throw BPFError("attach \(program.name) behind the filter of priority \(lastPriority)", .noSpace)
            }
            let filter = TCFilter(
                ifindex: ifindex, direction, priority: last.map { $0 + 1 } ?? firstPriority, handle: 1)
            do throws(BPFError) {
                try filter.add(program)
                return filter
            } catch {
                // Someone has taken the priority meanwhile?
                let now = try filters(ifindex: ifindex, direction).map(\.place.priority).max()
                if now == last { throw error }
            }
        }
    }

    /// What the kernel gives to a first filter that names none (`tcf_auto_prio` in net/sched/cls_api.c).
    private static let firstPriority: UInt32 = 0xc000
    private static let lastPriority: UInt32 = 0xffff

    private func add(_ program: borrowing BPFProgram) throws(BPFError) {
        if direction == .egress, try !ClsactQdisc.hasEgress(ifindex: ifindex) {
            throw BPFError("attach \(program.name) to the egress of an ingress qdisc", .invalidArgument)
        }
        try libbpf("attach \(program.name)") {
            libbpf_attach_filter(CInt(ifindex), direction == .egress, priority, handle, program.fd.raw)
        }
    }

    /// Puts a program in the place of the filter's; no packet passes without either.
    ///
    /// - Parameter expected: the id of the program that the filter must have. The kernel cannot compare and swap: who
    ///   changes the filter between the look and the change is overwritten. A filter that is gone is not made again.
    /// - Throws: `noSuchFileOrDirectory` (ENOENT) if there is no filter with that program.
    public func replace(_ expected: UInt32, by program: borrowing BPFProgram) throws(BPFError) {
        let operation = "replace a filter's program by \(program.name)"
        guard try programID() == expected else { throw BPFError(operation, .noSuchFileOrDirectory) }
        var head = tcmsg()
        head.tcm_ifindex = CInt(ifindex)
        head.tcm_parent = ClsactQdisc.parent(direction)
        head.tcm_handle = handle
        head.tcm_info = priority << 16 | UInt32(UInt16(ETH_P_ALL).bigEndian)
        // libbpf's BPF_TC_F_REPLACE makes the filter if there is none; a request without NLM_F_CREATE does not.
        let options =
            Netlink.attribute(Int(TCA_BPF_FD), Netlink.bytes(of: program.fd.raw))
            + Netlink.attribute(Int(TCA_BPF_NAME), Array("\(program.name):[\(program.id)]".utf8) + [0])
            + Netlink.attribute(Int(TCA_BPF_FLAGS), Netlink.bytes(of: UInt32(TCA_BPF_FLAG_ACT_DIRECT)))
        let body =
            Netlink.bytes(of: head) + Netlink.attribute(Int(TCA_KIND), Array(Self.kind.utf8) + [0])
            + Netlink.attribute(Int(TCA_OPTIONS), options)
        try netlink(operation) { (netlink) throws(Netlink.Refusal) in
            try netlink.request(RTM_NEWTFILTER, body)
        }
    }

    /// The program of the filter at this place; nil if there is none any more, or something else.
    public func programID() throws(BPFError) -> UInt32? {
        do throws(BPFError) {
            return UInt32(
                try libbpf("ask for a filter") {
                    libbpf_query_filter(CInt(ifindex), direction == .egress, priority, handle)
                })
        } catch {
            if Self.meansNone(error) { return nil }
            throw error
        }
    }

    /// Removes the filter, if it has that program; one that is gone, or someone else's, is left alone.
    ///
    /// The qdisc stays: see ``ClsactQdisc/removeIfUnused(ifindex:)``.
    ///
    /// - Returns: whether it was removed.
    @discardableResult
    public func detach(_ expected: UInt32) throws(BPFError) -> Bool {
        guard try programID() == expected else { return false }
        do throws(BPFError) {
            try libbpf("detach a filter") {
                libbpf_detach_filter(CInt(ifindex), direction == .egress, priority, handle)
            }
            return true
        } catch {
            if Self.meansNone(error) { return false }
            throw error
        }
    }

    /// Whether the kernel says that there is no such filter: ENOENT; without the qdisc, or if the filter there is of
    /// another kind, EINVAL; without the interface, ENODEV (measured on 6.18).
    private static func meansNone(_ error: BPFError) -> Bool {
        [Errno.noSuchFileOrDirectory, .invalidArgument, .operationNotSupportedByDevice].contains(error.errno)
    }

    // MARK: Listing

    /// A filter of whoever.
    public struct Description: Sendable, Hashable {
        public let place: TCFilter
        /// `bpf`, `flower`, `u32` and so on.
        public let kind: String
        /// nil unless it runs a program (cls_bpf).
        public let programID: UInt32?
        /// As who attached it named it; libbpf says `PROGRAM:[ID]`.
        public let name: String?
        /// Whether the program's result is the verdict on the packet (direct-action, `da`).
        public let isDirectAction: Bool
    }

    /// All filters at an interface's ingress, or egress, in the order in which they run; none if it has no qdisc, or is
    /// gone. Any process may ask.
    public static func filters(
        ifindex: UInt32, _ direction: TrafficDirection
    ) throws(BPFError) -> [Description] {
        let messages = try messages(ifindex: ifindex, parent: ClsactQdisc.parent(direction))
        // The kernel tells of the qdiscs of all interfaces at once.
        if direction == .egress, !messages.isEmpty, try !ClsactQdisc.hasEgress(ifindex: ifindex) { return [] }
        return messages.compactMap { message in
            guard let head = Netlink.load(tcmsg.self, message) else { return nil }
            let attributes = Netlink.attributes(message.dropFirst(MemoryLayout<tcmsg>.size))
            let chain = attributes[Int(TCA_CHAIN)].flatMap { Netlink.load(UInt32.self, $0) } ?? 0
            // A priority's own message has no handle; other chains are only reached by an action of this one.
            guard head.tcm_handle != 0, chain == 0, let kind = attributes[Int(TCA_KIND)].map(Netlink.text) else {
                return nil
            }
            let options = kind == Self.kind ? attributes[Int(TCA_OPTIONS)].map(Netlink.attributes) : nil
            return Description(
                place: TCFilter(ifindex: ifindex, direction, priority: head.tcm_info >> 16, handle: head.tcm_handle),
                kind: kind,
                programID: options?[Int(TCA_BPF_ID)].flatMap { Netlink.load(UInt32.self, $0) },
                name: options?[Int(TCA_BPF_NAME)].map(Netlink.text),
                isDirectAction: options?[Int(TCA_BPF_FLAGS)].flatMap { Netlink.load(UInt32.self, $0) }
                    .map { $0 & UInt32(TCA_BPF_FLAG_ACT_DIRECT) != 0 } ?? false)
        }
    }

    static func messages(ifindex: UInt32, parent: UInt32) throws(BPFError) -> [Netlink.Body] {
        var head = tcmsg()
        head.tcm_ifindex = CInt(ifindex)
        head.tcm_parent = parent
        return try netlink("list filters") { (netlink) throws(Netlink.Refusal) in
            try netlink.dump(RTM_GETTFILTER, Netlink.bytes(of: head))
        }
    }

    private static let kind = "bpf"
}
