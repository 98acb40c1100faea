// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel

extension WellKnownField {
    /// What the producer asks a driver for, to fill it.
    var hint: XDPFeatures.Hint {
        switch self {
        case .rxTimestamp: .timestamp
        case .rxHash: .hash
        case .rxVLAN: .vlan
        }
    }
}
