// SPDX-License-Identifier: BSD-2-Clause

/// What BTF begins with (`struct btf_header`): where its types and its strings lie, in bytes from there.
struct BTFHeader {
    static let size = 24
    private static let magic = 0xeb9f

    let types: Range<Int>
    let strings: Range<Int>

    /// - Parameter bytes: at least ``size`` of them, the first of the BTF.
    init(_ bytes: ByteView) throws(ObjectFault) {
        guard bytes.half(at: 0) == Self.magic, bytes.byte(at: 2) == 1, let length = bytes.word(at: 4),
            length >= Self.size, let typesOffset = bytes.word(at: 8), let typesLength = bytes.word(at: 12),
            let stringsOffset = bytes.word(at: 16), let stringsLength = bytes.word(at: 20)
        else { throw ObjectFault(".BTF does not begin as BTF does") }
        guard typesOffset + typesLength <= stringsOffset, typesOffset % 4 == 0 else {
            throw ObjectFault("the types or strings of .BTF are not all in it")
        }
        // Sums of numbers of 32 bits.
        types = length + typesOffset..<length + typesOffset + typesLength
        strings = length + stringsOffset..<length + stringsOffset + stringsLength
    }
}
