// SPDX-License-Identifier: BSD-2-Clause

/// A type that values of fields can be of: integers in the host's byte order, bytes as they lie in the packet, and `Bool` of
/// flags, of which there is no value but that they are set.
public protocol SocketFieldValue: Sendable, Hashable {
    /// Whether values of that many bytes are of this type.
    static func takes(_ size: Int) -> Bool

    /// - Parameter bytes: as many as it takes.
    init(bytes: ArraySlice<UInt8>)
}

extension SocketFieldValue where Self: FixedWidthInteger {
    public static func takes(_ size: Int) -> Bool { size == bitWidth / 8 }

    public init(bytes: ArraySlice<UInt8>) {
        let number = bytes.reversed().reduce(Self.zero) { $0 << 8 | Self(truncatingIfNeeded: $1) }
        self = Self(littleEndian: 1) == 1 ? number : number.byteSwapped
    }
}

extension UInt8: SocketFieldValue {
    public init(bytes: ArraySlice<UInt8>) { self = bytes.first ?? 0 }
}
extension UInt16: SocketFieldValue {}
extension UInt32: SocketFieldValue {}
extension UInt64: SocketFieldValue {}

extension [UInt8]: SocketFieldValue {
    public static func takes(_ size: Int) -> Bool { size > 0 }
    public init(bytes: ArraySlice<UInt8>) { self = Array(bytes) }
}

extension Bool: SocketFieldValue {
    public static func takes(_ size: Int) -> Bool { size == 0 }
    public init(bytes: ArraySlice<UInt8>) { self = true }
}
