// SPDX-License-Identifier: BSD-2-Clause

package import RegistryModel
package import SystemPackage

/// Why nothing can be measured, or what was measured counts for nothing.
package enum BenchmarkRefusal: Refusal {
    /// Packets of a variant did not carry the fields that were set.
    case wrongFields(String)
    case lostPackets(UInt64)
    /// None of so many packets arrived at the interface.
    case noPackets(Int, interface: String)
    /// The kernel runs XDP programs on no live frames.
    case noLiveFrames
    /// The kernel attaches no TC programs by links.
    case noTCXLinks(Errno)
    case noTracepoint(String)
    /// No file system of cgroups of version 2 is mounted.
    case noCgroups
    /// The kernel did not take the time of packets as they came, although it was asked to.
    case noTimestamps
    /// The prebuilt programs were not attached in native mode and by TCX.
    case otherModes
    /// With its output, if that says more.
    case commandFailed([String], status: Int32, output: String?)
    case systemFailure(Errno)
    case unexpected(String)

    package var kind: PacketMetadataError.Kind {
        switch self {
        case .noLiveFrames, .noTCXLinks, .noTracepoint, .noCgroups, .otherModes: .unsupported
        default: .system
        }
    }
}
