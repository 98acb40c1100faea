// SPDX-License-Identifier: BSD-2-Clause

package import RegistryModel
package import SystemPackage

/// Why there is no place to try things in.
package enum TestbedRefusal: Refusal {
    case namespaceNotMade(Errno)
    /// With why, as the kernel says it; so has the next.
    case interfaceNotUp(String, String)
    /// Of iproute2.
    case commandFailed(String, String)
    /// By a signal of that number: all that was made is removed.
    case interrupted(Int32)

    package var kind: PacketMetadataError.Kind {
        switch self {
        case .namespaceNotMade(.notPermitted): .missingPrivilege
        case .namespaceNotMade, .interfaceNotUp, .commandFailed: .system
        case .interrupted: .interrupted
        }
    }
}
