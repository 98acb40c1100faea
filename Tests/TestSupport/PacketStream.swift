// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import Synchronization

/// Packets through a pair, by a thread of their own, until it is stopped.
public final class PacketStream: Sendable {
    private let isStopped = Atomic<Bool>(false)
    private let isDone = Atomic<Bool>(false)

    /// - Parameters:
    ///   - burst: packets at a time.
    ///   - pause: ms after each burst; 0 for as many packets as one thread can send.
    public init(_ pair: VethPair, burst: Int = 256, pause: UInt32 = 0) {
        let thread = Thread { [self] in
            try? pair.inSender {
                let sender = try UDPSender(to: [192, 0, 2, 2], port: VethPair.port)
                let payload = [UInt8](repeating: 7, count: 18)
                while !isStopped.load(ordering: .relaxed) {
                    for _ in 0..<burst { try sender.send(payload) }
                    if pause > 0 { Pause.sleep(milliseconds: pause) }
                }
            }
            isDone.store(true, ordering: .releasing)
        }
        thread.start()
    }

    public struct Stuck: Error {}

    public func stop() throws {
        isStopped.store(true, ordering: .relaxed)
        guard eventually({ isDone.load(ordering: .acquiring) }) else { throw Stuck() }
    }
}
