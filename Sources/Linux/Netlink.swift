// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A conversation with the kernel about the network namespace that it was begun in (netlink(7)). One request at a time.
public struct Netlink: ~Copyable {
    public enum Family: Sendable {
        /// Interfaces, queueing disciplines and filters (rtnetlink(7)).
        case route
        /// Families with names: Documentation/userspace-api/netlink in the kernel's sources.
        case generic
        /// Sockets (sock_diag(7)).
        case sockets

        fileprivate var code: CInt {
            switch self {
            case .route: NETLINK_ROUTE
            case .generic: NETLINK_GENERIC
            case .sockets: NETLINK_SOCK_DIAG
            }
        }
    }

    /// What the kernel answered instead of doing it.
    public struct Refusal: Error, Sendable {
        public let errno: Errno
        /// In its own words, where it has some (NLMSGERR_ATTR_MSG).
        public let message: String?
    }

    /// One message of an answer, without its header.
    public typealias Body = ArraySlice<UInt8>

    private let socket: OwnedFD
    private static let headerSize = MemoryLayout<nlmsghdr>.size

    public init(_ family: Family = .route) throws(Refusal) {
        let raw = Glibc.socket(AF_NETLINK, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), family.code)
        guard raw >= 0 else { throw Refusal(errno: .last, message: nil) }
        socket = OwnedFD(raw)
        var on: CInt = 1
        // Without it the kernel answers all the same, in fewer words.
        _ = unsafe setsockopt(raw, SOL_NETLINK, NETLINK_EXT_ACK, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Has something done, and waits until it is.
    ///
    /// - Parameters:
    ///   - type: RTM_* of linux/rtnetlink.h, or a family's number.
    ///   - flags: NLM_F_* beside those that each request has.
    ///   - body: the family's struct, then attributes.
    /// - Returns: what was asked for, if anything.
    @discardableResult
    public func request(_ type: Int, flags: CInt = 0, _ body: [UInt8]) throws(Refusal) -> [Body] {
        try send(type, NLM_F_ACK | flags, body)
        return try answer().bodies
    }

    /// Lists something.
    public func dump(_ type: Int, _ body: [UInt8]) throws(Refusal) -> [Body] {
        for _ in 0..<Self.attempts {
            try send(type, NLM_F_DUMP, body)
            let (bodies, isWhole) = try answer()
            if isWhole { return bodies }
        }
        throw Refusal(errno: .resourceTemporarilyUnavailable, message: "the list changes as it is read")
    }

    private static let attempts = 100

    private func send(_ type: Int, _ flags: CInt, _ body: [UInt8]) throws(Refusal) {
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(Self.headerSize + body.count)
        header.nlmsg_type = UInt16(type)
        header.nlmsg_flags = UInt16(NLM_F_REQUEST | flags)
        let message = Self.bytes(of: header) + body
        // A netlink message goes whole or not at all.
        guard unsafe Glibc.send(socket.raw, message, message.count, 0) == message.count else {
            throw Refusal(errno: .last, message: nil)
        }
    }

    /// Reads up to the message that says that this was all.
    ///
    /// - Returns: false for what was no whole list, because it changed meanwhile (NLM_F_DUMP_INTR).
    private func answer() throws(Refusal) -> (bodies: [Body], isWhole: Bool) {
        var bodies: [Body] = []
        var isWhole = true
        while true {
            var rest = try receive()
            while let header = Self.load(nlmsghdr.self, rest) {
                let length = Int(header.nlmsg_len)
                guard length >= Self.headerSize, length <= rest.count else { throw Self.garbled }
                let body = rest.dropFirst(Self.headerSize).prefix(length - Self.headerSize)
                rest = rest.dropFirst(Self.aligned(length))
                if CInt(header.nlmsg_flags) & NLM_F_DUMP_INTR != 0 { isWhole = false }
                switch CInt(header.nlmsg_type) {
                case NLMSG_ERROR, NLMSG_DONE:
                    // Both begin with 0 or -errno.
                    guard let result = Self.load(CInt.self, body) else { throw Self.garbled }
                    if result < 0 { throw Self.refusal(-result, header, body) }
                    return (bodies, isWhole)
                default: bodies.append(body)
                }
            }
        }
    }

    private func receive() throws(Refusal) -> ArraySlice<UInt8> {
        // The kernel's messages fit in 32 KiB (NLMSG_GOODSIZE and af_netlink.c, netlink_dump).
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe recv(socket.raw, &buffer, buffer.count, CInt(MSG_TRUNC))
            if count < 0, Errno.last == .interrupted { continue }
            guard count >= 0 else { throw Refusal(errno: .last, message: nil) }
            guard count > 0, count <= buffer.count else { throw Self.garbled }
            return buffer.prefix(count)
        }
    }

    private static func refusal(_ errno: CInt, _ header: nlmsghdr, _ body: Body) -> Refusal {
        // struct nlmsgerr: the error, the request's header, and its body unless NLM_F_CAPPED; then attributes.
        var place = MemoryLayout<CInt>.size
        let flags = CInt(header.nlmsg_flags)
        if CInt(header.nlmsg_type) == NLMSG_ERROR {
            let request = load(nlmsghdr.self, body.dropFirst(place))
            let isCapped = flags & CInt(NLM_F_CAPPED) != 0
            place += isCapped ? headerSize : aligned(Int(request?.nlmsg_len ?? 0))
        }
        let hasAttributes = flags & CInt(NLM_F_ACK_TLVS) != 0
        let attributes = hasAttributes ? attributes(body.dropFirst(place)) : [:]
        return Refusal(errno: Errno(rawValue: errno), message: attributes[Int(NLMSGERR_ATTR_MSG.rawValue)].map(text))
    }

    private static let garbled = Refusal(errno: .badMessage, message: nil)

    // MARK: Messages

    /// The messages that were told at once, with their types.
    static func messages(_ bytes: Body) -> [(type: Int, body: Body)] {
        var messages: [(Int, Body)] = []
        var rest = bytes
        while let header = load(nlmsghdr.self, rest) {
            let length = Int(header.nlmsg_len)
            guard length >= headerSize, length <= rest.count else { break }
            messages.append(
                (Int(header.nlmsg_type), rest.dropFirst(headerSize).prefix(length - headerSize)))
            rest = rest.dropFirst(aligned(length))
        }
        return messages
    }

    /// What a C struct without padding holds.
    public static func bytes<Struct: BitwiseCopyable>(of value: Struct) -> [UInt8] {
        // All bytes are members, and so have values.
        unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
    }

    /// - Returns: nil if there are fewer bytes.
    public static func load<Struct: BitwiseCopyable>(_: Struct.Type, _ bytes: Body) -> Struct? {
        guard bytes.count >= MemoryLayout<Struct>.size else { return nil }
        // As many bytes as a load reads were counted.
        return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: Struct.self) }
    }

    /// An attribute, padded as the next one needs it.
    public static func attribute(_ type: Int, _ value: [UInt8]) -> [UInt8] {
        let size = MemoryLayout<nlattr>.size + value.count
        let padding = [UInt8](repeating: 0, count: aligned(size) - size)
        return bytes(of: UInt16(size)) + bytes(of: UInt16(type)) + value + padding
    }

    /// The attributes that follow each other there, by type.
    public static func attributes(_ bytes: Body) -> [Int: Body] {
        var attributes: [Int: Body] = [:]
        var rest = bytes
        while let header = load(nlattr.self, rest) {
            let size = Int(header.nla_len)
            guard size >= MemoryLayout<nlattr>.size, size <= rest.count else { break }
            let type = CInt(header.nla_type) & ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER)
            attributes[Int(type)] = rest.prefix(size).dropFirst(MemoryLayout<nlattr>.size)
            rest = rest.dropFirst(aligned(size))
        }
        return attributes
    }

    /// A string attribute's text.
    public static func text(_ bytes: Body) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Messages and attributes begin at multiples of 4.
    private static func aligned(_ size: Int) -> Int { (size + 3) & ~3 }
}
