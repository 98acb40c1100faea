// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

/// What a virtio network device and its driver agreed on (include/uapi/linux/virtio_net.h).
public struct VirtioFeatures: Sendable, Hashable {
    /// The numbers of the features' bits.
    private let bits: Set<Int>

    init(bits: Set<Int>) { self.bits = bits }

    /// - Returns: nil if the interface is no PCI device of virtio_net's, or sysfs does not tell.
    public init?(_ interface: NetworkInterface) {
        guard let driver = try? interface.driver(), driver.name == "virtio_net" else { return nil }
        // /sys/class/net is another network namespace's, where one was entered; devices are nobody's.
        let device = FilePath("/sys/bus/pci/devices/\(driver.bus)")
        for name in (try? Folder.names(in: device)) ?? [] where name.hasPrefix("virtio") {
            // A character a bit, from bit 0 on.
            guard let text = try? WholeFile.text(device.appending("\(name)/features")) else { continue }
            bits = Set(text.enumerated().filter { $0.element == "1" }.map(\.offset))
            return
        }
        return nil
    }

    /// What the host may do to packets before the guest gets them (VIRTIO_NET_F_GUEST_*), if the guest cannot turn it off
    /// (VIRTIO_NET_F_CTRL_GUEST_OFFLOADS).
    public var fixedGuestOffloads: [String] {
        if bits.contains(2) { return [] }
        let offloads = [
            (1, "GUEST_CSUM"), (7, "GUEST_TSO4"), (8, "GUEST_TSO6"), (9, "GUEST_ECN"), (10, "GUEST_UFO"),
            (54, "GUEST_USO4"), (55, "GUEST_USO6"),
        ]
        return offloads.filter { bits.contains($0.0) }.map(\.1)
    }
}
