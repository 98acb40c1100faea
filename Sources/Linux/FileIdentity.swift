// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
internal import SystemPackage

/// Device and number of a file, which no two files have at a time.
public struct FileIdentity: Hashable, Sendable {
    let device: dev_t
    let number: ino_t

    init(_ information: stat) {
        device = information.st_dev
        number = information.st_ino
    }

    init(of fd: borrowing OwnedFD) throws(Errno) {
        var information = stat()
        guard unsafe fstat(fd.raw, &information) == 0 else { throw Errno.last }
        self.init(information)
    }
}
