// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

extension Attachment {
    /// How a program that takes the place of an attached one is bound to the interface, in whatever network namespace that
    /// is now; nil at hooks of something else.
    var device: DeviceAccess? {
        guard let name = record.site.place.interface else { return nil }
        return DeviceAccess(interface: name, isAttached: true) { load throws(PacketMetadataError) in
            guard let hold = try? self.anchor.hold() else { return nil }
            return try NetworkNamespace.run(where: { Hook.xdp.shows(hold.trace, ifindex: hold.ifindex) }) {
                () throws(PacketMetadataError) in
                try load(hold.ifindex)
            }
        }
    }
}
