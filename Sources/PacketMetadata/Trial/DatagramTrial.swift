// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadataSockets
internal import RegistryModel
internal import SystemPackage

/// Questions about datagrams, in the trial's network namespace. Each datagram begins with a number that none had before.
struct DatagramTrial: ~Copyable {
    private let ways: SocketWays
    private let asker: TrialAsker
    private let field: SocketField<UInt32>
    private var number: UInt32 = 0x7265_0000

    /// - Returns: nil if the namespace has no IPv6.
    init?(
        _ kind: LoopbackSocket.Kind, _ ways: SocketWays, _ group: borrowing ControlGroup
    ) throws(PacketMetadataError) {
        guard let asker = try TrialAsker(kind, group) else { return nil }
        field = try asker.field(kind == .ipv4Datagrams ? .ofIPv4 : .ofIPv6)
        self.asker = asker
        self.ways = ways
    }

    consuming func run() throws(PacketMetadataError) {
        if !ways.isDisjoint(with: [.next, .batch]) { try askForNext() }
        if ways.contains(.batch) { try askForBatch() }
        if ways.contains(.at) { try askByTimestamp() }
        if ways.contains(.mark) { try readMarks() }
    }

    private mutating func send(_ count: UInt32) throws(PacketMetadataError) -> Range<UInt32> {
        let numbers = number..<number + count
        number += count
        for number in numbers { try asker.send(number) }
        return numbers
    }

    private mutating func askForNext() throws(PacketMetadataError) {
        for number in try send(3) {
            let told = try asker.answer(.next) { (fd) throws(SocketFieldError) in try field.next(on: fd) }
            try asker.check(.next, told: told, sent: number)
            _ = try asker.receive()
        }
    }

    private mutating func askForBatch() throws(PacketMetadataError) {
        let numbers = try send(3)
        let answers = try asker.answer(.batch) { (fd) throws(SocketFieldError) in
            try field.nextBatch(numbers.count, on: fd)
        }
        guard answers.count == numbers.count else {
            throw PacketMetadataError(
                SocketTrialRefusal.fewAnswers(
                    way: SocketWays.batch.name, socket: asker.kind.description, count: answers.count, of: numbers.count)
            )
        }
        for (number, answer) in zip(numbers, answers) {
            let told = try asker.answer(.batch) { (_) throws(SocketFieldError) in try answer.get() }
            try asker.check(.batch, told: told, sent: number)
            _ = try asker.receive()
        }
    }

    /// The kernel begins to take the time of packets some time after it has been asked to, and may stop for a moment as another
    /// socket ends that had asked for it.
    private mutating func askByTimestamp() throws(PacketMetadataError) {
        try asker.answer(.at) { (fd) throws(SocketFieldError) in try SocketField<UInt32>.receiveAt(on: fd) }
        var (right, tries) = (0, 0)
        while right < 3 {
            let sent = try send(1).lowerBound
            let message = try asker.receive()
            let told: UInt32
            do throws(SocketFieldError) {
                told = try field.at(
                    seconds: message.seconds, nanoseconds: message.nanoseconds, on: asker.descriptor)
            } catch {
                guard error.code == .stale, tries < 1000 else { throw asker.refusal(.at, error) }
                tries += 1
                Pause.sleep(milliseconds: 1)
                continue
            }
            try asker.check(.at, told: told, sent: sent)
            right += 1
        }
    }

    private mutating func readMarks() throws(PacketMetadataError) {
        do throws(SocketFieldError) {
            try field.receiveMark(on: asker.descriptor)
        } catch {
            if error.code == .unanswered, SystemNames.this.isBefore(5, 19) {
                throw PacketMetadataError(SocketTrialRefusal.noMarks)
            }
            throw asker.refusal(.mark, error)
        }
        for _ in 0..<3 {
            let sent = try send(1).lowerBound
            try asker.check(.mark, told: try asker.receive().mark, sent: sent)
        }
    }
}
