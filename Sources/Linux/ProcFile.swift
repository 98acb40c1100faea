// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// Files that the kernel writes as they are read: /proc, /sys.
public enum ProcFile {
    public static func text(_ path: FilePath) throws(Errno) -> String {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            return try file.closeAfter { String(decoding: try readAll(file), as: UTF8.self) }
        } catch {
            throw (error as? Errno) ?? .ioError
        }
    }

    private static func readAll(_ file: FileDescriptor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            // read(2) into all of the chunk.
            let count = unsafe try chunk.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}
