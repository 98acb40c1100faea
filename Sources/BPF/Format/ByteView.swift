// SPDX-License-Identifier: BSD-2-Clause

/// Bytes that somebody else owns, read as numbers in the host's byte order and as C strings.
///
/// Nothing is read beyond the end: what would lie there is nil.
@safe struct ByteView {
    // Invariant: borrowed. Who makes a view keeps the bytes for as long as the view, or a part of it, is used.
    private let bytes: UnsafeRawBufferPointer

    @unsafe init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
    }

    var count: Int { unsafe bytes.count }

    func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type, at offset: Int) -> Number? {
        guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return nil }
        return unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Number.self)
    }

    func byte(at offset: Int) -> UInt8? { number(UInt8.self, at: offset) }
    func half(at offset: Int) -> Int? { number(UInt16.self, at: offset).map(Int.init) }
    func word(at offset: Int) -> Int? { number(UInt32.self, at: offset).map(Int.init) }
    func long(at offset: Int) -> UInt64? { number(UInt64.self, at: offset) }

    /// So many bytes from there; nil unless all of them are there.
    func part(at offset: UInt64, count: UInt64) -> ByteView? {
        let (end, overflows) = offset.addingReportingOverflow(count)
        guard !overflows, end <= UInt64(self.count) else { return nil }
        return unsafe ByteView(UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(end)]))
    }

    /// The bytes at these offsets; nil unless all of them are there.
    func part(at offsets: Range<Int>) -> ByteView? {
        guard offsets.lowerBound >= 0, offsets.upperBound <= count else { return nil }
        return unsafe ByteView(UnsafeRawBufferPointer(rebasing: bytes[offsets]))
    }

    /// Whether the last byte is NUL, so that each string in here has an end.
    var isTerminated: Bool { byte(at: count - 1) == 0 }

    /// Bytes of the C string that begins there, without its NUL; nil if it has no end in here.
    func textLength(at offset: Int) -> Int? {
        guard offset >= 0, offset < count else { return nil }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...]).firstIndex(of: 0)
    }

    /// The C string that begins there; nil if it has no end in here.
    func text(at offset: Int) -> String? {
        guard let length = textLength(at: offset) else { return nil }
        return unsafe String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    }

    /// Whether the C string that begins there is that one; makes no copy.
    func hasText(_ text: StaticString, at offset: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset >= 0, offset <= count - length - 1, byte(at: offset + length) == 0 else { return false }
        // A static string's bytes are there for ever.
        let wanted = unsafe UnsafeRawBufferPointer(start: text.utf8Start, count: length)
        return unsafe bytes[offset..<offset + length].elementsEqual(wanted)
    }
}

/// What is wrong with an object, and where, in words that go on after "it is damaged: ".
struct ObjectFault: Error, Hashable {
    let text: String

    init(_ text: String) { self.text = text }
}
