// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why packets cannot be watched, or not by that.
public enum WatchRefusal: Refusal {
    // What was written is none.

    case badAddress(String)
    /// An address has so many bits.
    case badPrefixLength(String, bits: Int)
    case badCondition(String)

    // The request.

    /// Bytes.
    case badBufferSize(Int)
    case badSample(Int)
    case tooManyConditions(Int)
    case noSuchField(FieldName, among: [FieldName])
    /// No packet has an IPv4 and an IPv6 address at its two ends.
    case mixedFamilies
    /// No value meets all of these, which are of one field.
    case neverHolds([PacketFilter.Condition])
    /// Packets of the protocol have none.
    case noPorts(protocol: UInt8)
    /// Values of the type are not compared so.
    case noSuchComparison(FieldType)

    // The kernel.

    case noTCXLinks(Errno)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .noSuchField: .notFound
        case .noTCXLinks: .unsupported
        default: .usage
        }
    }
}
