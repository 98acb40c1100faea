// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel
internal import SystemPackage

extension NetworkInterface {
    /// - Parameter summary: what was asked for, for errors.
    /// - Throws: `notFound` if this thread's network namespace has no such interface.
    static func find(_ name: String, _ summary: String) throws(PacketMetadataError) -> NetworkInterface {
        do throws(Errno) {
            return try NetworkInterface(named: name)
        } catch {
            if error.isScarcity { throw PacketMetadataError(error, summary, doing: "look for the interface") }
            throw PacketMetadataError(
                .notFound, summary, reason: "there is no such interface (\(error.name))",
                remedy: NearestName.question(name, among: ((try? NetworkInterface.all()) ?? []).map(\.name))
                    + "ip link lists those of a network namespace; --netns names another namespace.")
        }
    }

    /// Each interface once: it may be named by several of its names.
    ///
    /// - Parameter summary: what was asked for, of the interface whose name follows.
    static func find(_ names: [String], _ summary: String) throws(PacketMetadataError) -> [NetworkInterface] {
        var interfaces: [NetworkInterface] = []
        for name in names {
            let interface = try find(name, "\(summary) \(name)")
            if !interfaces.contains(where: { $0.index == interface.index }) { interfaces.append(interface) }
        }
        return interfaces
    }
}
