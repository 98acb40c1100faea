// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux
internal import SystemPackage

/// Where in an interface's way of a packet its XDP program runs.
public enum XDPMode: String, Sendable, Hashable, CaseIterable {
    /// In the driver.
    case native
    /// In the stack.
    case generic
    /// In the NIC.
    case offloaded

    /// XDP_FLAGS_* of linux/if_link.h.
    fileprivate var flag: UInt32 {
        switch self {
        case .native: UInt32(XDP_FLAGS_DRV_MODE)
        case .generic: UInt32(XDP_FLAGS_SKB_MODE)
        case .offloaded: UInt32(XDP_FLAGS_HW_MODE)
        }
    }
}

/// An XDP program that an interface has.
public struct AttachedXDPProgram: Sendable, Hashable {
    public let id: UInt32
    public let mode: XDPMode

    /// Asks about an interface of this thread's network namespace.
    ///
    /// - Returns: at most one in the driver or the stack, and one in the NIC; none if there is no such interface.
    public static func query(ifindex: UInt32) throws(BPFError) -> [AttachedXDPProgram] {
        let ids: XDPProgramIDs
        do throws(Errno) {
            ids = try XDPProgramIDs(ifindex: ifindex)
        } catch .operationNotSupportedByDevice {
            return []
        } catch {
            throw BPFError("ask for XDP programs", error)
        }
        let programs = [(ids.offloaded, XDPMode.offloaded), (ids.native, .native), (ids.generic, .generic)]
        return programs.compactMap { id, mode in id.map { AttachedXDPProgram(id: $0, mode: mode) } }
    }
}

extension BPFLink {
    /// Attaches an XDP program to an interface of this thread's network namespace.
    ///
    /// - Throws: `notSupported` if the driver has not the mode; `resourceBusy` or `fileExists` if the hook is taken;
    ///   `outOfRange`, `noSpace`, `noMemory` or `invalidArgument` for what the driver lacks. The error's messages are the
    ///   driver's own reason, if it tells one.
    public static func xdp(
        _ program: borrowing BPFProgram, ifindex: UInt32, mode: XDPMode
    ) throws(BPFError) -> BPFLink {
        var options = unsafe bpf_link_create_opts()
        unsafe options.sz = MemoryLayout<bpf_link_create_opts>.size(through: \.flags)
        unsafe options.flags = mode.flag
        let programFD = program.fd.raw
        do throws(BPFError) {
            let fd = try libbpf("attach \(program.name)") {
                unsafe bpf_link_create(programFD, CInt(ifindex), BPF_XDP, &options)
            }
            return BPFLink(owning: OwnedFD(fd))
        } catch {
            guard XDPReason.isTold(of: error.errno),
                let reason = XDPReason.ask(program, ifindex: ifindex, modeFlag: mode.flag)
            else { throw error }
            throw BPFError(error.operation, error.errno, messages: [reason])
        }
    }
}
