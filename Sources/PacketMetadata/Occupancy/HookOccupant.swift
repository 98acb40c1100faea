// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// A program on a hook, of whatever owner.
public struct HookOccupant: Sendable, Hashable {
    /// How it is attached.
    public enum Mechanism: String, Sendable, Hashable, CaseIterable {
        case xdpLink = "xdp_link"
        /// By `ip link set xdp` and the like.
        case xdpNetlink = "xdp_netlink"
        /// One of the two: finding out takes CAP_SYS_ADMIN.
        case xdp
        case tcxLink = "tcx_link"
        /// TCX without a link.
        case tcxProgram = "tcx_program"
        /// A filter of a clsact or ingress qdisc.
        case clsBPF = "cls_bpf"
        case cgroupLink = "cgroup_link"
        /// To a cgroup without a link, or by one that this process may not know.
        case cgroup
    }

    /// What there is to say of a filter.
    public struct Filter: Sendable, Hashable {
        /// What the one who attached it calls it; tc writes `OBJECT:[SECTION]`.
        public let name: String?
        /// Lower ones run first.
        public let priority: UInt32
        public let handle: UInt32
        /// Whether the program's result is the verdict on the packet.
        public let isDirectAction: Bool
    }

    public let mechanism: Mechanism
    /// nil for others than XDP.
    public let mode: AttachmentMode?
    public let programID: UInt32
    /// At most 15 bytes. nil if this process may not know it: without CAP_SYS_ADMIN, it takes a pin that can be opened.
    public let programName: String?
    /// When the program was loaded: CLOCK_BOOTTIME, ns. nil if ``programName`` is.
    public let loadedAt: UInt64?
    /// nil if there is no link, or this process may not know it.
    public let linkID: UInt32?
    /// Where the link, then where the program is pinned, as far as this process may look. Of a program that attachments of a
    /// registry share, the pins of this attachment, if its link is known.
    public let pins: [FilePath]
    /// Whether it is libxdp's dispatcher, which calls programs of several owners.
    public let isDispatcher: Bool
    /// Where libxdp pins the programs that its dispatcher calls.
    public let dispatcherFolder: FilePath?
    /// The registry whose attachment it is: one of pktmeta's, not necessarily the one in use.
    public let registry: FilePath?
    /// nil unless it is a filter.
    public let filter: Filter?
}

extension HookOccupant: CustomStringConvertible {
    /// `program foo (id 12, link 34, pinned at /sys/fs/bpf/foo)`; without its name, `program 12 (link 34)`.
    public var description: String {
        let details = self.details
        return details.isEmpty ? title : "\(title) (\(details.joined(separator: ", ")))"
    }

    private var title: String {
        let kind = isDispatcher ? "libxdp's dispatcher" : "program"
        guard let programName, !programName.isEmpty else { return "\(kind) \(programID)" }
        return isDispatcher ? kind : "\(kind) \(programName)"
    }

    private var details: [String] {
        let id = programName?.isEmpty ?? true ? [] : ["id \(programID)"]
        return id + attachment + place
    }

    private var attachment: [String] {
        switch mechanism {
        case .xdpLink, .tcxLink, .cgroupLink: linkID.map { ["link \($0)"] } ?? []
        case .xdp, .cgroup: []
        case .xdpNetlink: ["attached by netlink"]
        case .tcxProgram: ["attached without a link"]
        case .clsBPF:
            filter.map { ["filter \($0.name.map { "\($0) " } ?? "")of priority \($0.priority), handle \($0.handle)"] }
                ?? []
        }
    }

    private var place: [String] {
        if let registry { return ["of the registry \(registry)"] }
        if let dispatcherFolder { return ["its programs are pinned in \(dispatcherFolder)"] }
        guard let first = pins.first else { return [] }
        return ["pinned at \(first)" + (pins.count > 1 ? " and \(pins.count - 1) more" : "")]
    }
}
