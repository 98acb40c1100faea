// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// An exclusive lock on a folder, held until the end of its life or of the process (flock(2)).
public struct FolderLock: ~Copyable {
    private let fd: OwnedFD

    /// Waits for the lock of a folder, which is made if it is missing.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait.
    ///   - patience: how long to wait before `notice` is called, once.
    /// - Throws: `resourceTemporarilyUnavailable` (EAGAIN) if someone else held it all that time.
    public init(
        _ entry: FolderEntry, timeout: Duration, patience: Duration = .seconds(1), notice: () -> Void = {}
    ) throws(Errno) {
        let start = ContinuousClock.now
        let deadline = start + timeout
        var isNoticed = false
        while true {
            try entry.makeFolder()
            let fd = try entry.openFolder()
            while flock(fd.raw, LOCK_EX | LOCK_NB) != 0 {
                guard Errno.last == .wouldBlock || Errno.last == .interrupted else { throw Errno.last }
                let now = ContinuousClock.now
                // First, so that a long wait is told of even if this process did not run for most of it.
                if !isNoticed, now - start > patience {
                    notice()
                    isNoticed = true
                }
                guard now < deadline else { throw .wouldBlock }
                usleep(5000)
            }
            // Someone may have removed and remade the folder while we waited: then two would hold "the" lock.
            if try FileIdentity(of: fd) == entry.identity() {
                self.fd = fd
                return
            }
            guard ContinuousClock.now < deadline else { throw .wouldBlock }
        }
    }

    /// Who has the lock of a folder (proc_locks(5)).
    ///
    /// - Returns: nil if nobody has, or a process that this one's pid namespace does not show.
    public static func holder(of entry: FolderEntry) -> HoldingProcess? {
        guard let identity = try? entry.identity(), let lines = try? WholeFile.read("/proc/locks")
        else { return nil }
        let place = [
            UInt64(gnu_dev_major(identity.device)), UInt64(gnu_dev_minor(identity.device)), UInt64(identity.number),
        ]
        for line in String(decoding: lines, as: UTF8.self).split(separator: "\n") {
            // 1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF, the device in hexadecimal. A line of one that waits
            // has -> behind the number.
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK", let processID = Int(words[4]) else { continue }
            let numbers = words[5].split(separator: ":")
            guard numbers.count == 3,
                [UInt64(numbers[0], radix: 16), UInt64(numbers[1], radix: 16), UInt64(numbers[2])] == place
            else { continue }
            return HoldingProcess(processID)
        }
        return nil
    }
}
