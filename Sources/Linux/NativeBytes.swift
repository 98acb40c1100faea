// SPDX-License-Identifier: BSD-2-Clause

/// Numbers as they lie in memory, in this machine's byte order.
public enum NativeBytes {
    /// nil if the bytes end before the number does.
    public static func integer<Integer: FixedWidthInteger>(
        in bytes: ArraySlice<UInt8>, at offset: Int, as type: Integer.Type
    ) -> Integer? {
        guard offset >= 0, bytes.count >= offset + MemoryLayout<Integer>.size else { return nil }
        // The bytes are there, and any bits are a number.
        return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    public static func encoded(_ number: some FixedWidthInteger) -> [UInt8] {
        // All of a number is its bytes: it has no padding.
        unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
    }
}
