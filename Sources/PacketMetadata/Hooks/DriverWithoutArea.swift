// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// A driver that takes XDP programs in native mode, but grants them no metadata area: no packet there carries a field.
///
/// The kernel does not tell so before a program asks for an area, with a packet at hand. Here are the drivers that were
/// measured (Tests/KernelMatrix/drivers.py, which fails as soon as one of them grants an area).
public enum DriverWithoutArea: String, Sendable, Hashable, CaseIterable {
    /// drivers/net/vmxnet3/vmxnet3_xdp.c: xdp_prepare_buff() without metadata, since it has XDP (Linux 6.6).
    case vmxnet3

    /// - Returns: nil if the interface's driver is another, or not known.
    init?(_ interface: NetworkInterface) {
        guard let name = try? interface.driver().name else { return nil }
        self.init(rawValue: name)
    }
}
