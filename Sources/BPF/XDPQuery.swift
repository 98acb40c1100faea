// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf

/// An XDP program that an interface has.
public struct AttachedXDPProgram: Sendable, Hashable {
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// In the driver.
        case native
        /// In the stack.
        case generic
        /// In the NIC.
        case offloaded
    }

    public let id: UInt32
    public let mode: Mode

    /// Asks about an interface of this thread's network namespace.
    ///
    /// - Returns: at most one in the driver or the stack, and one in the NIC.
    public static func query(ifindex: UInt32) throws(BPFError) -> [AttachedXDPProgram] {
        var answer = bpf_xdp_query_opts()
        answer.sz = MemoryLayout<bpf_xdp_query_opts>.size(through: \.attach_mode)
        try libbpf("ask for XDP programs") { unsafe bpf_xdp_query(CInt(ifindex), 0, &answer) }
        return [
            (answer.hw_prog_id, Mode.offloaded), (answer.drv_prog_id, .native), (answer.skb_prog_id, .generic),
        ].filter { $0.0 != 0 }.map { AttachedXDPProgram(id: $0.0, mode: $0.1) }
    }
}
