// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Asks the kernel about the network namespace that this thread was in when the socket was made (netlink(7)).
public struct NetlinkSocket: ~Copyable, Sendable {
    public enum Family: Sendable {
        case route, generic

        var code: CInt {
            switch self {
            case .route: CInt(NETLINK_ROUTE)
            case .generic: CInt(NETLINK_GENERIC)
            }
        }
    }

    /// An answer: its type and what is behind the header.
    public struct Message: Sendable, Hashable {
        public let type: UInt16
        public let body: [UInt8]
    }

    private let fd: OwnedFD

    public init(_ family: Family) throws(Errno) {
        let raw = socket(AF_NETLINK, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), family.code)
        guard raw >= 0 else { throw Errno.last }
        fd = OwnedFD(raw)
    }

    /// All answers to a request for a list.
    ///
    /// - Throws: what the kernel refused it with; `resourceTemporarilyUnavailable` if the list changed all the time.
    public func list(_ type: UInt16, _ body: [UInt8]) throws(Errno) -> [Message] {
        for _ in 0..<Self.attempts {
            if let messages = try ask(type, UInt16(NLM_F_ROOT | NLM_F_MATCH), body) { return messages }
        }
        throw .resourceTemporarilyUnavailable
    }

    /// The answer to a request for one thing.
    public func get(_ type: UInt16, _ body: [UInt8]) throws(Errno) -> Message? {
        try ask(type, UInt16(NLM_F_ACK), body)?.first
    }

    private static let attempts = 10
    private static let headerSize = 16

    /// - Returns: nil if what is listed changed meanwhile (NLM_F_DUMP_INTR).
    private func ask(_ type: UInt16, _ flags: UInt16, _ body: [UInt8]) throws(Errno) -> [Message]? {
        let request =
            NativeBytes.encoded(UInt32(Self.headerSize + body.count)) + NativeBytes.encoded(type)
            + NativeBytes.encoded(UInt16(NLM_F_REQUEST) | flags)
            + NativeBytes.encoded(UInt32(1)) + NativeBytes.encoded(UInt32(0)) + body
        guard unsafe send(fd.raw, request, request.count, 0) == request.count else { throw Errno.last }

        var messages: [Message] = []
        var isConsistent = true
        while true {
            var rest = try receive()[...]
            while let header = Header(rest) {
                let body = Array(rest.dropFirst(Self.headerSize).prefix(header.bodySize))
                if header.flags & UInt16(NLM_F_DUMP_INTR) != 0 { isConsistent = false }
                switch CInt(header.type) {
                case CInt(NLMSG_DONE): return isConsistent ? messages : nil
                case CInt(NLMSG_ERROR):
                    // struct nlmsgerr begins with a negative errno, or 0 for an acknowledgement.
                    let error = NativeBytes.integer(in: body[...], at: 0, as: Int32.self) ?? 0
                    guard error == 0 else { throw Errno(rawValue: -error) }
                    return messages
                default: messages.append(Message(type: header.type, body: body))
                }
                rest = rest.dropFirst(header.stride)
            }
        }
    }

    /// One datagram, which holds whole messages.
    private func receive() throws(Errno) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // With MSG_TRUNC the length is the datagram's, also if that is longer than the buffer.
            let count = unsafe recv(fd.raw, &buffer, buffer.count, CInt(MSG_TRUNC))
            if count < 0, Errno.last == .interrupted { continue }
            guard count > 0 else { throw count == 0 ? .ioError : Errno.last }
            guard count <= buffer.count else { throw .messageTooLong }
            return Array(buffer.prefix(count))
        }
    }

    /// struct nlmsghdr of linux/netlink.h.
    private struct Header {
        let type: UInt16
        let flags: UInt16
        let bodySize: Int
        /// Bytes to the next message.
        let stride: Int

        init?(_ bytes: ArraySlice<UInt8>) {
            guard let length = NativeBytes.integer(in: bytes, at: 0, as: UInt32.self),
                let type = NativeBytes.integer(in: bytes, at: 4, as: UInt16.self),
                let flags = NativeBytes.integer(in: bytes, at: 6, as: UInt16.self), length >= NetlinkSocket.headerSize,
                length <= bytes.count
            else { return nil }
            self.type = type
            self.flags = flags
            bodySize = Int(length) - NetlinkSocket.headerSize
            stride = (Int(length) + 3) / 4 * 4
        }
    }
}

/// The attributes in a message of netlink, or nested in another attribute (struct nlattr of linux/netlink.h).
public struct NetlinkAttributes: Sendable, Hashable {
    private var values: [UInt16: ArraySlice<UInt8>] = [:]

    /// - Parameter bytes: nothing but attributes; of two of a type, the first counts.
    public init(_ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        while let length = NativeBytes.integer(in: rest, at: 0, as: UInt16.self),
            let type = NativeBytes.integer(in: rest, at: 2, as: UInt16.self),
            length >= 4, length <= rest.count
        {
            // The two topmost bits say how the value is written.
            let key = type & 0x3fff
            if values[key] == nil { values[key] = rest.dropFirst(4).prefix(Int(length) - 4) }
            rest = rest.dropFirst((Int(length) + 3) / 4 * 4)
        }
    }

    /// nil if there is none of that type, or it is shorter.
    public func integer<Integer: FixedWidthInteger>(_ type: Int, as kind: Integer.Type = Integer.self) -> Integer? {
        values[UInt16(type)].flatMap { NativeBytes.integer(in: $0, at: 0, as: kind) }
    }

    public func text(_ type: Int) -> String? {
        values[UInt16(type)].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    public func nested(_ type: Int) -> NetlinkAttributes? {
        values[UInt16(type)].map { NetlinkAttributes($0) }
    }

    /// One attribute, to be sent.
    public static func encoded(_ type: Int, _ value: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        return NativeBytes.encoded(UInt16(4 + value.count)) + NativeBytes.encoded(UInt16(type)) + value + padding
    }
}
