// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadataSockets
internal import RegistryModel
internal import SystemPackage

/// Questions about bytes of TCP. Each packet's field is the number of its first byte.
struct StreamTrial: ~Copyable {
    private let ways: SocketWays
    private let asker: TrialAsker
    private let field: SocketField<UInt32>
    /// Bytes of a packet.
    private static let size = MemoryLayout<UInt32>.size
    /// So many packets wait at a time, which the kernel merges.
    private static let waiting = 3

    init(_ ways: SocketWays, _ group: borrowing ControlGroup) throws(PacketMetadataError) {
        guard let asker = try TrialAsker(.stream, group) else {
            throw PacketMetadataError(Errno.addressFamilyNotSupported, doing: "make a socket")
        }
        field = try asker.field(.sequence)
        self.asker = asker
        self.ways = ways
    }

    consuming func run() throws(PacketMetadataError) {
        if !ways.isDisjoint(with: [.next, .batch]) { try askForNext() }
        if ways.contains(.bytes) { try askForBytes() }
    }

    /// Of one packet at a time.
    private func askForNext() throws(PacketMetadataError) {
        var first: UInt32?
        for index in 0..<Self.waiting {
            try asker.send(UInt32(index))
            let told = try asker.answer(.next) { (fd) throws(SocketFieldError) in try field.next(on: fd) }
            try check(.next, told, index, &first)
            _ = try asker.receive()
        }
    }

    /// Of packets that wait together.
    private func askForBytes() throws(PacketMetadataError) {
        try asker.answer(.bytes) { (fd) throws(SocketFieldError) in try SocketField<UInt32>.receiveBytes(on: fd) }
        for index in 0..<Self.waiting {
            try asker.send(UInt32(index))
            // Or the sender puts several in one packet.
            Pause.sleep(milliseconds: 1)
        }
        var first: UInt32?
        for index in 0..<Self.waiting {
            var bytes = 0
            let told = try asker.answer(.bytes) { (fd) throws(SocketFieldError) in
                let answer = field.nextBytes(on: fd)
                bytes = answer.bytes
                return try answer.value.get()
            }
            try check(.bytes, told, index, &first)
            try asker.check(.bytes, told: UInt32(bytes), sent: UInt32(Self.size))
            _ = try asker.receive(Self.size)
        }
    }

    /// - Parameter first: the first packet's number, from which all others follow.
    private func check(
        _ way: SocketWays, _ told: UInt32, _ index: Int, _ first: inout UInt32?
    ) throws(PacketMetadataError) {
        let number = UInt32(bigEndian: told)
        let start = first ?? number
        first = start
        try asker.check(way, told: number, sent: start &+ UInt32(index * Self.size))
    }
}
