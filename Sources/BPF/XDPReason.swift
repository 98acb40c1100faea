// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Clibbpf
internal import Linux
internal import SystemPackage

/// Why an interface does not take an XDP program, in the words of the kernel or of the interface's driver.
///
/// A link is refused by an errno alone. Who asks by netlink (IFLA_XDP of linux/if_link.h), as before there were links, is
/// also told the reason (NLMSGERR_ATTR_MSG); so that is tried once a link was refused, and refused as well.
enum XDPReason {
    /// Of the errnos that drivers refuse with; others say all that there is.
    static func isTold(of errno: Errno) -> Bool {
        [.notSupported, .invalidArgument, .noMemory, .noSpace, .outOfRange].contains(errno)
    }

    /// - Returns: nil if no reason is told, or the interface takes the program after all: it is taken off again then.
    static func ask(_ program: borrowing BPFProgram, ifindex: UInt32, modeFlag: UInt32) -> String? {
        do throws(Netlink.Refusal) {
            let netlink = try Netlink()
            let fd = program.fd.raw
            // Never in the place of a program that is there.
            let onlyIfFree = UInt32(XDP_FLAGS_UPDATE_IF_NOEXIST)
            try request(netlink, ifindex, fd: fd, flags: modeFlag | onlyIfFree)
            try request(netlink, ifindex, fd: -1, flags: modeFlag | UInt32(XDP_FLAGS_REPLACE), expected: fd)
            return nil
        } catch {
            return error.message
        }
    }

    private static func request(
        _ netlink: borrowing Netlink, _ ifindex: UInt32, fd: CInt, flags: UInt32, expected: CInt? = nil
    ) throws(Netlink.Refusal) {
        var head = ifinfomsg()
        head.ifi_index = CInt(ifindex)
        var attributes = Netlink.attribute(Int(IFLA_XDP_FD), Netlink.bytes(of: fd))
        attributes += Netlink.attribute(Int(IFLA_XDP_FLAGS), Netlink.bytes(of: flags))
        if let expected { attributes += Netlink.attribute(Int(IFLA_XDP_EXPECTED_FD), Netlink.bytes(of: expected)) }
        let nested = Netlink.attribute(Int(IFLA_XDP) | Int(NLA_F_NESTED), attributes)
        try netlink.request(Int(RTM_SETLINK), Netlink.bytes(of: head) + nested)
    }
}
