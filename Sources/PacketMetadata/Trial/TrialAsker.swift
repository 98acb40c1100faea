// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadataSockets
internal import RegistryModel
internal import SystemPackage

/// A socket of the trial, which receives what it sends, and asks.
struct TrialAsker: ~Copyable {
    let kind: LoopbackSocket.Kind
    private let socket: LoopbackSocket

    /// - Returns: nil if the network namespace has none of the kind.
    init?(_ kind: LoopbackSocket.Kind, _ group: borrowing ControlGroup) throws(PacketMetadataError) {
        do throws(Errno) {
            socket = try LoopbackSocket(kind, of: group)
        } catch {
            if kind == .ipv6Datagrams, [.addressFamilyNotSupported, .addressNotAvailable].contains(error) {
                return nil
            }
            throw PacketMetadataError(error, doing: "make a socket of \(kind)")
        }
        self.kind = kind
    }

    var descriptor: CInt { socket.descriptor }

    /// A field of the trial's registry.
    func field(_ field: TrialField) throws(PacketMetadataError) -> SocketField<UInt32> {
        try answer(.next) { (fd) throws(SocketFieldError) in try SocketField<UInt32>(field.rawValue, on: fd) }
    }

    /// Sends a packet, and waits until it has come.
    func send(_ number: UInt32) throws(PacketMetadataError) {
        do throws(Errno) {
            try socket.send((0..<4).map { UInt8(truncatingIfNeeded: number.littleEndian >> ($0 * 8)) })
        } catch {
            throw PacketMetadataError(error, doing: "send a packet of \(kind)")
        }
        guard socket.waitUntilReadable(milliseconds: 1000) else { throw noPacket }
    }

    func receive(_ most: Int = 64) throws(PacketMetadataError) -> LoopbackSocket.Message {
        do throws(Errno) {
            return try socket.receive(most)
        } catch {
            throw noPacket
        }
    }

    private var noPacket: PacketMetadataError {
        PacketMetadataError(SocketTrialRefusal.noPacket(socket: kind.description))
    }

    /// What a question says.
    func answer<Value>(
        _ way: SocketWays, _ question: (CInt) throws(SocketFieldError) -> Value
    ) throws(PacketMetadataError) -> Value {
        do throws(SocketFieldError) {
            return try question(descriptor)
        } catch {
            throw refusal(way, error)
        }
    }

    func refusal(_ way: SocketWays, _ error: SocketFieldError) -> PacketMetadataError {
        PacketMetadataError(
            SocketTrialRefusal.noAnswer(way: way.name, socket: kind.description, Errno(rawValue: error.errno)))
    }

    func check(_ way: SocketWays, told: UInt32, sent: UInt32) throws(PacketMetadataError) {
        guard told != sent else { return }
        throw PacketMetadataError(
            SocketTrialRefusal.wrongAnswer(way: way.name, socket: kind.description, told: told, sent: sent))
    }
}

extension SocketWays {
    /// Of one.
    var name: String { names.joined(separator: ", ") }
}
