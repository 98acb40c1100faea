// SPDX-License-Identifier: BSD-2-Clause

internal import SystemPackage

extension FileDescriptor {
    /// All bytes from here on, also of a file in /proc that claims to have none.
    ///
    /// - Parameter limit: bytes: what has more, as one that grows meanwhile, is not read on.
    /// - Returns: nil if there are more than that.
    func readAll(upTo limit: Int = .max) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            // read(2) into all of the chunk.
            let count = unsafe try chunk.withUnsafeMutableBytes { unsafe try read(into: $0) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > limit { return nil }
        }
    }
}
