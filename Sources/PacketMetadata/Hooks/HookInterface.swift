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

    /// - Parameter netns: the name of this thread's network namespace; nil if it has none.
    init(_ network: NetworkInterface, netns: String?) throws(PacketMetadataError) {
        self.network = network
        do throws(Errno) {
            netnsCookie = try NetworkNamespace.currentCookie()
            namespace = netns.map { .named($0) } ?? .cookie(netnsCookie)
        } catch {
            throw PacketMetadataError(error, doing: "ask for the network namespace's cookie")
        }
        do throws(Errno) {
            hasEthernetHeader = try network.state().hasEthernetHeader
        } catch {
            throw PacketMetadataError(error, doing: "ask for the interface's state")
        }
    }
}
