// SPDX-License-Identifier: BSD-2-Clause

internal import BPF

/// How an attachment's first program is held at its hook.
///
/// The program does not tell the attachment from others, which may have the same (``SharedChains``).
struct Hold: Equatable, Sendable {
    let programID: UInt32
    /// Of the interface, in its network namespace; 0 at other hooks.
    let ifindex: UInt32
    /// nil for a filter.
    let link: LinkInformation?

    init(_ link: LinkInformation) {
        self.link = link
        programID = link.programID
        ifindex = link.ifindex
    }

    init(filterWith programID: UInt32, ifindex: UInt32) {
        self.programID = programID
        self.ifindex = ifindex
        link = nil
    }

    /// What its hook shows of it.
    var trace: HookTrace {
        if let link, link.kind != .xdp { .link(link.id) } else { .program(programID, ifindex: ifindex) }
    }
}
