// SPDX-License-Identifier: BSD-2-Clause

package import BPF
package import BPFObjects
internal import Glibc

/// The bytes of a BPF object: read from somewhere, or carried by this program.
package enum ObjectBytes: Sendable {
    case read(ArraySlice<UInt8>)
    case carried(CarriedObject)

    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch self {
        case .read(let bytes): try body(bytes.span)
        case .carried(let object): try object.withBytes(body)
        }
    }

    /// Parses the object.
    ///
    /// - Parameter typesPath: of the types that it is relocated against as it is loaded; nil for the kernel's.
    package func open(typesPath: String? = nil) throws(BPFError) -> BPFObject {
        try withBytes { bytes throws(BPFError) in
            try BPFObject(bytes: bytes, name: "pktmeta", typesPath: typesPath)
        }
    }

    /// Names of the types that its CO-RE relocations begin at.
    func relocatedTypes() throws(BPFError) -> Set<String> {
        try withBytes { bytes throws(BPFError) in try BPF.relocatedTypes(inObject: bytes) }
    }

    var count: Int {
        switch self {
        case .read(let bytes): bytes.count
        case .carried(let object): object.count
        }
    }

    func append(to bytes: inout [UInt8]) {
        withBytes { own in unsafe own.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    }
}

/// The same bytes are the same, wherever they are.
extension ObjectBytes: Equatable {
    package static func == (one: ObjectBytes, other: ObjectBytes) -> Bool {
        one.withBytes { one in
            other.withBytes { other in
                // memcmp reads as many bytes as both have.
                unsafe one.withUnsafeBytes { one in
                    unsafe other.withUnsafeBytes { other in
                        guard one.count == other.count else { return false }
                        guard let first = one.baseAddress, let second = other.baseAddress, unsafe first != second
                        else { return true }
                        return unsafe memcmp(first, second, one.count) == 0
                    }
                }
            }
        }
    }
}
