// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
public import SystemPackage

/// A file of which no more than a part is in memory at a time.
public struct FileWindow: ~Copyable {
    private let file: OwnedFD
    private var bytes: [UInt8]
    /// Bytes from the file's beginning.
    private var start = 0
    private var count = 0

    /// - Parameter size: bytes of the part.
    public init(_ path: FilePath, size: Int) throws(Errno) {
        let opened = unsafe path.withPlatformString { unsafe Glibc.open($0, O_RDONLY | O_CLOEXEC) }
        guard opened >= 0 else { throw Errno.last }
        file = OwnedFD(opened)
        bytes = [UInt8](repeating: 0, count: size)
    }

    /// Bytes that are in memory at a time.
    public var size: Int { bytes.count }

    /// Lends the bytes from there on: at least so many, and as many more as are in memory already.
    ///
    /// - Parameters:
    ///   - offset: bytes from the file's beginning.
    ///   - least: at most ``size``; where the file ends, there are fewer.
    /// - Throws: what pread(2) says, and what the body throws.
    public mutating func withBytes<Result>(
        at offset: Int, _ least: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        if offset < start || offset + least > start + count { try fill(from: offset) }
        let lent = offset - start..<count
        return try unsafe bytes.withUnsafeBytes { try unsafe body(UnsafeRawBufferPointer(rebasing: $0[lent])) }
    }

    /// A file of the kernel gives a page at a time.
    private mutating func fill(from offset: Int) throws(Errno) {
        (start, count) = (offset, 0)
        while count < bytes.count {
            let (read, place) = (count, offset + count)
            // pread(2) into what is left of the part.
            let added = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(file.raw, $0.baseAddress.map { unsafe $0 + read }, $0.count - read, off_t(place))
            }
            guard added >= 0 else { throw Errno.last }
            if added == 0 { return }
            count += added
        }
    }
}
