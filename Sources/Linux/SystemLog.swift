// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// The log of the machine: journald's where it listens, else that of a syslog daemon, else none.
///
/// A log that does not listen, or that does not take a line in time, costs the caller no error: what the line tells of has
/// been done.
public final class SystemLog: Sendable {
    private let identifier: String
    private let messageID: String
    /// How much longer the lines of this process wait, all together, for a log that is full.
    private let patience = Mutex(Duration.milliseconds(200))

    /// - Parameters:
    ///   - identifier: the program's name, by which lines are found.
    ///   - messageID: 32 hexadecimal digits, by which the journal knows what kind of line it is.
    public init(identifier: String, messageID: String) {
        self.identifier = identifier
        self.messageID = messageID
    }

    /// Where journald takes lines with fields (systemd's "Native Journal Protocol").
    private static let journal: StaticString = "/run/systemd/journal/socket"
    /// Where syslog daemons, and libraries of C, have agreed to meet.
    private static let syslog: StaticString = "/dev/log"

    /// Private messages about who did what: their files are readable for administrators only (LOG_AUTHPRIV of syslog(3)).
    private static let facility = 10

    public func write(_ line: LogLine) {
        if let socket = Self.connect(to: Self.journal) {
            send(line.journalDatagram(header(of: line)), to: socket)
        } else if let socket = Self.connect(to: Self.syslog) {
            send(line.syslogDatagram(identifier: identifier, facility: Self.facility), to: socket)
        }
    }

    /// Fields that each line in the journal has.
    private func header(of line: LogLine) -> [LogLine.Field] {
        [
            .init("MESSAGE", line.message), .init("MESSAGE_ID", messageID),
            .init("PRIORITY", "\(line.priority.rawValue)"), .init("SYSLOG_FACILITY", "\(Self.facility)"),
            .init("SYSLOG_IDENTIFIER", identifier), .init("SYSLOG_PID", "\(ProcessID.current)"),
        ]
    }

    /// - Returns: nil if nobody listens there to datagrams of this process.
    private static func connect(to path: StaticString) -> OwnedFD? {
        let raw = Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { return nil }
        let socket = OwnedFD(raw)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Both paths are shorter than the address is; what is behind stays zero.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: UnsafeRawBufferPointer(start: path.utf8Start, count: path.utf8CodeUnitCount))
        }
        // connect(2) reads one sockaddr_un, for the duration of the call, by its common beginning. Of a datagram socket it
        // does not wait.
        let result = unsafe withUnsafePointer(to: address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result != 0 { return nil }
        return socket
    }

    private func send(_ datagram: [UInt8], to socket: borrowing OwnedFD) {
        // A datagram goes whole or not at all.
        let flags = CInt(MSG_DONTWAIT | MSG_NOSIGNAL)
        while unsafe Glibc.send(socket.raw, datagram, datagram.count, flags) < 0 {
            let error = Errno.last
            let left = patience.withLock { $0 }
            guard error == .wouldBlock, left > .zero else { return }
            let began = ContinuousClock.now
            var wanted = pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0)
            // poll(2) writes to one pollfd.
            _ = unsafe poll(&wanted, 1, CInt(max(1, left / .milliseconds(1))))
            patience.withLock { $0 -= ContinuousClock.now - began }
        }
    }
}
