// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel
internal import SystemPackage

/// An interface of this thread's network namespace, with what attaching to its hooks depends on.
struct HookInterface: Sendable, Hashable {
    let network: NetworkInterface
    /// Of its network namespace (SO_NETNS_COOKIE).
    let netnsCookie: UInt64
    /// The same namespace as people know it.
    let namespace: NamespaceLabel
    /// Whether packets at its hooks begin with one (``NetworkInterface/State``).
    let hasEthernetHeader: Bool

    var name: String { network.name }
    var index: UInt32 { network.index }

    /// - Parameters:
    ///   - netns: the name of this thread's network namespace; nil if it has none.
    ///   - summary: what was asked for, for errors.
    init(_ network: NetworkInterface, netns: String?, _ summary: String) throws(PacketMetadataError) {
        self.network = network
        do throws(Errno) {
            netnsCookie = try NetworkNamespace.currentCookie()
            namespace = netns.map { .named($0) } ?? .cookie(netnsCookie)
        } catch {
            throw PacketMetadataError(error, summary, doing: "ask for the network namespace's cookie")
        }
        do throws(Errno) {
            hasEthernetHeader = try network.state().hasEthernetHeader
        } catch {
            throw PacketMetadataError(error, summary, doing: "ask for the interface's state")
        }
    }

    func point(_ hook: Hook) -> HookPoint { HookPoint(netnsCookie: netnsCookie, ifindex: index, hook: hook) }
}

/// A hook of an interface in a network namespace: an ifindex repeats across namespaces.
struct HookPoint: Hashable, Sendable {
    let netnsCookie: UInt64
    let ifindex: UInt32
    let hook: Hook
}

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
