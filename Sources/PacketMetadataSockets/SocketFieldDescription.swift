// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import PktmetaABI

/// A field that sockets may ask for, as the registry has it.
public struct SocketFieldDescription: Sendable, Hashable {
    public let name: String
    public let id: UInt32
    /// `enum pktmeta_type` of pktmeta/abi.h.
    public let type: UInt32
    /// Bytes.
    public let size: Int

    /// All of them.
    ///
    /// - Throws: ``SocketFieldError`` with `unanswered` if nobody answers for this socket.
    public static func all(on descriptor: CInt) throws(SocketFieldError) -> [SocketFieldDescription] {
        var fields: [SocketFieldDescription] = []
        var slot: CInt = 0
        while true {
            var field = pktmeta_socket_field()
            let err = unsafe pktmeta_next_field(descriptor, slot, &field)
            if field.id == 0, err == -ENOENT { return fields }
            try SocketFieldError.check(err)
            fields.append(SocketFieldDescription(field))
            slot = CInt(field.slot) + 1
        }
    }

    private init(_ field: pktmeta_socket_field) {
        var name = field.name
        self.name = unsafe withUnsafeBytes(of: &name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        (id, type, size) = (field.id, field.type, Int(field.size))
    }
}
