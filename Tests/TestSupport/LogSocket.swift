// SPDX-License-Identifier: BSD-2-Clause

import Dispatch
import Foundation
import Glibc
import Linux
import Synchronization
public import SystemPackage

/// A socket where a log would listen, for commands in a mount namespace in which it is put to a log's place.
public final class LogSocket: Sendable {
    public let path: FilePath
    private let folder: ScratchFolder
    private let socket: OwnedFD

    /// - Parameter isStream: whether it takes connections rather than datagrams, as no log here does.
    public init(isStream: Bool = false) throws {
        folder = try ScratchFolder()
        path = folder.path.appending("log")
        let raw = Glibc.socket(AF_UNIX, CInt((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        socket = OwnedFD(raw)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.string.utf8) }
        let result = withUnsafeBytes(of: address) {
            bind(raw, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
        }
        guard result == 0 else { throw Errno.last }
    }

    /// What has come so far and was not read yet.
    public func waiting() -> [String] {
        var datagrams: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(socket.raw, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            guard count >= 0 else { return datagrams }
            datagrams.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }

    /// All that comes while something is done, read as it comes.
    public func receiving<Value>(_ body: () throws -> Value) throws -> (value: Value, datagrams: [String]) {
        let received = Mutex<[String]>([])
        let isDone = Atomic(false)
        let ended = DispatchSemaphore(value: 0)
        Thread { [self] in
            while !isDone.load(ordering: .relaxed) {
                var wanted = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
                _ = poll(&wanted, 1, 10)
                let new = waiting()
                received.withLock { $0 += new }
            }
            ended.signal()
        }.start()
        let value = Result { try body() }
        isDone.store(true, ordering: .relaxed)
        ended.wait()
        let rest = waiting()
        return (try value.get(), received.withLock { $0 } + rest)
    }
}
