// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

extension HostRemoval.Reason {
    var words: String {
        switch self {
        case .refused(let error): error.reason
        case .held(let holders): "held by \(holders.joined(separator: ", "))"
        case .heldByPrograms(let names): "held by program \(names.joined(separator: ", "))"
        case .heldBySockets:
            "sockets of an application hold it, among which it picks; without its registry it leaves that to the kernel"
        case .heldOutOfSight: "what holds it cannot be seen from here, as a pin in another mount namespace"
        case .registryLeft: "its registry is left"
        case .attached: "it is attached still, or was attached while pktmeta was removed"
        case .unseen: "there may be more"
        }
    }

    var remedy: String? {
        switch self {
        case .refused(let error): error.remedy
        case .heldBySockets: "It goes with the application."
        case .held: "It goes with what holds it."
        case .registryLeft, .attached: "Try again."
        case .heldByPrograms, .heldOutOfSight, .unseen: nil
        }
    }
}
