// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why sockets would not be answered right on this kernel.
public enum SocketTrialRefusal: Refusal {
    /// Of a packet whose field is known, by a way to ask and a kind of socket.
    case wrongAnswer(way: String, socket: String, told: UInt32, sent: UInt32)
    case noAnswer(way: String, socket: String, Errno)
    /// Of so many packets, only so many were answered for.
    case fewAnswers(way: String, socket: String, count: Int, of: Int)
    /// A packet that was sent did not come.
    case noPacket(socket: String)
    /// The kernel does not tell applications the marks of what they receive (SO_RCVMARK, Linux 5.19).
    case noMarks

    public var kind: PacketMetadataError.Kind { .unsupported }
}
