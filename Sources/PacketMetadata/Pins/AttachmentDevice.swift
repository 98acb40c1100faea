// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

extension Attachment {
    /// How a program that takes the place of an attached one is bound to the interface, in whatever network namespace that
    /// is now.
    var device: DeviceAccess {
        DeviceAccess(interface: record.interface, isAttached: true) { load throws(PacketMetadataError) in
            guard let program = try? self.anchor.programID(), let ifindex = try? self.ifindex() else { return nil }
            return try NetworkNamespace.run(where: { Self.isHere(program, ifindex) }) {
                () throws(PacketMetadataError) in
                try load(ifindex)
            }
        }
    }

    /// Whether an XDP program's interface is in this thread's network namespace: an ifindex says nothing, as it repeats
    /// across them, but no other interface has that program.
    private static func isHere(_ programID: UInt32, _ ifindex: UInt32) -> Bool {
        (try? Hook.xdp.programIDs(ifindex: ifindex))?.contains(programID) ?? false
    }
}
