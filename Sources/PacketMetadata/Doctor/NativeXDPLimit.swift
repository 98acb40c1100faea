// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel

/// Why programs run in generic mode on an interface whose driver has native XDP.
public enum NativeXDPLimit: Sendable, Hashable {
    case noArea(DriverWithoutArea)
    /// virtio_net with these offloads of the host, by their names in the virtio specification, and no way to turn them off
    /// (drivers/net/virtio_net.c, virtnet_xdp_set).
    case hostOffloads([String])

    /// - Returns: nil if none is known.
    init?(_ interface: NetworkInterface) {
        if let driver = DriverWithoutArea(interface) {
            self = .noArea(driver)
        } else if let names = VirtioFeatures(interface)?.fixedGuestOffloads, !names.isEmpty {
            self = .hostOffloads(names)
        } else {
            return nil
        }
    }

    var remedy: Finding.Remedy? {
        if case .hostOffloads = self { .otherVirtioFeatures } else { nil }
    }
}
