// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel

/// The queues of a veth pair: the driver runs XDP on those that an end receives on, and its peer may not send on more.
public struct VethQueues: Sendable, Hashable {
    public let receiving: Int
    public let sentOn: Int

    /// - Returns: nil if it is no veth, or this process may not know.
    init?(_ interface: NetworkInterface) {
        guard let sentOn = interface.vethPeer()?.sendingQueues, let receiving = try? interface.queues().receiving else {
            return nil
        }
        self.receiving = receiving
        self.sentOn = sentOn
    }

    var areTooFew: Bool { receiving < sentOn }
}
