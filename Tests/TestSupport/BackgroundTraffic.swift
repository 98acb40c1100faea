// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import RegistryModel
import Synchronization

/// UDP packets from the near end of a pair, on a thread of their own, until stopped.
public final class BackgroundTraffic: Sendable {
    private let isStopped = Atomic<Bool>(false)
    private let isDone = Atomic<Bool>(false)
    private let sent = Atomic<UInt64>(0)

    /// Bytes of the kernel's for some 40 packets: a packet is its sender's until it is past the receiver's programs. A veth device has
    /// room for 256 (`VETH_RING_SIZE` in drivers/net/veth.c) and drops what is beyond them, so that several may send on one.
    private static let bufferOfPaced = 16 << 10

    /// - Parameters:
    ///   - address: of IPv4; the far end's if not given.
    ///   - isPaced: waits for the receiver, so that no queue in front of its programs overflows; else as fast as can be.
    ///   - numbers: the first packet's number, of 8 bytes, if payloads are to begin with such.
    public init(
        _ pair: VethPair, to address: [UInt8] = [192, 0, 2, 2], isPaced: Bool = true, numbersFrom numbers: UInt64? = nil
    ) {
        let thread = Thread { [self] in
            try? pair.inSender {
                let sender = try UDPSender(
                    to: address, port: VethPair.port, buffer: isPaced ? Self.bufferOfPaced : nil)
                var payload = [UInt8](repeating: 7, count: 18)
                var number = numbers ?? 0
                let burst = isPaced ? 16 : 256
                while !isStopped.load(ordering: .relaxed) {
                    let begun = ContinuousClock.now
                    for _ in 0..<burst {
                        if numbers != nil { payload.replaceSubrange(0..<8, with: encode(number)) }
                        try sender.send(payload)
                        number += 1
                    }
                    sent.add(UInt64(burst), ordering: .relaxed)
                    // As long again: on a machine with one CPU, others get on meanwhile.
                    if isPaced { Pause.sleep(for: .milliseconds(1) + (ContinuousClock.now - begun)) }
                }
            }
            isDone.store(true, ordering: .releasing)
        }
        thread.start()
    }

    public struct Stuck: Error {}

    /// - Returns: how many were sent; they have arrived.
    public func stop() throws -> UInt64 {
        isStopped.store(true, ordering: .relaxed)
        guard eventually({ isDone.load(ordering: .acquiring) }) else { throw Stuck() }
        Pause.sleep(milliseconds: 20)  // what is in the receiver's queue
        return sent.load(ordering: .relaxed)
    }
}
