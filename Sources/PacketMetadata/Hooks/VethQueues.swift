// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel

/// The queues of a veth pair: the driver runs XDP on those that an end receives on, and its peer may not send on more.
struct VethQueues {
    private let receiving: Int
    private let sentOn: Int

    /// - Returns: nil if it is no veth, or this process may not know.
    init?(_ interface: NetworkInterface) {
        guard let sentOn = interface.vethPeer()?.sendingQueues, let receiving = try? interface.queues().receiving else {
            return nil
        }
        self.receiving = receiving
        self.sentOn = sentOn
    }

    /// nil if there are enough.
    var lack: String? {
        if receiving >= sentOn { return nil }
        let queues = receiving.of("receive queue")
        return "it has \(queues), and its veth peer sends on \(sentOn), which is too many for native XDP"
    }
}
