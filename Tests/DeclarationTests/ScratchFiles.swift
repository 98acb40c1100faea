// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import SystemPackage
import TestSupport

/// Documents of a test's own.
struct ScratchFiles {
    private let folder: ScratchFolder
    var path: FilePath { folder.path }

    init() throws {
        folder = try ScratchFolder()
        try chmod(0o755, folder.path)
    }

    /// - Parameter name: of folders too, which are made.
    @discardableResult
    func write(_ name: String, _ text: String, bits: Int = 0o644) throws -> FilePath {
        let file = path.pushing(FilePath(name))
        let parent = file.removingLastComponent()
        try FileManager.default.createDirectory(
            atPath: parent.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try Data(text.utf8).write(to: URL(fileURLWithPath: file.string))
        try chmod(bits, file)
        return file
    }

    func chmod(_ bits: Int, _ path: FilePath) throws {
        try FileManager.default.setAttributes([.posixPermissions: bits], ofItemAtPath: path.string)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: path.appending(name).string, withDestinationPath: target)
    }
}
