// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel
internal import SystemPackage

extension NetworkInterface {
    /// - Throws: `notFound` if this thread's network namespace has no such interface.
    static func find(_ name: String) throws(PacketMetadataError) -> NetworkInterface {
        do throws(Errno) {
            return try NetworkInterface(named: name)
        } catch {
            if error.isScarcity { throw PacketMetadataError(error, doing: "look for the interface") }
            let others = ((try? NetworkInterface.all()) ?? []).map(\.name)
            throw PacketMetadataError(InterfaceRefusal.noSuchInterface(name, error, among: others))
        }
    }

    /// Each interface once: it may be named by several of its names.
    ///
    /// - Parameter action: what was asked for of an interface.
    static func find(
        _ names: [String], for action: (String) -> Action
    ) throws(PacketMetadataError) -> [NetworkInterface] {
        var interfaces: [NetworkInterface] = []
        for name in names {
            let interface = try doing(action(name)) { () throws(PacketMetadataError) in try find(name) }
            if !interfaces.contains(where: { $0.index == interface.index }) { interfaces.append(interface) }
        }
        return interfaces
    }
}
