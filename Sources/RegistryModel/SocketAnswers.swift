// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// What applications have asked in one way by their sockets, on all CPUs together, since the registry was first attached for
/// that.
public struct SocketAnswers: Hashable, Sendable {
    /// The ways that are counted, in the order of their numbers: several datagrams that are asked for at once count as one
    /// question of the first; of marks, the wish is counted; and the last is to ask which fields there are.
    public enum Way: String, Sendable, CaseIterable {
        case next, at, bytes, mark, fields
    }

    public let way: Way
    /// Questions that got an answer, be it that a packet has no such field.
    public let answered: UInt64
    /// Questions that were refused, by errno.
    public let refused: Refusals

    package init(way: Way, answered: UInt64, refused: Refusals = Refusals()) {
        self.way = way
        self.answered = answered
        self.refused = refused
    }

    /// Bytes of a CPU's counts.
    package static let size = MemoryLayout<pktmeta_asked>.size

    /// - Parameter perCPU: `struct pktmeta_asked` of each CPU.
    /// - Returns: of ways in which something was asked.
    package static func all(perCPU: [[UInt8]]) -> [SocketAnswers] {
        Way.allCases.enumerated().compactMap { number, way in
            func count(_ outcome: pktmeta_asked_outcome) -> UInt64 {
                let index = number * Int(PKTMETA_ASKED_OUTCOMES.rawValue) + Int(outcome.rawValue)
                return perCPU.reduce(0) { $0 &+ decode(Array($1[index * 8..<index * 8 + 8]), as: UInt64.self) }
            }
            let answers = SocketAnswers(
                way: way, answered: count(PKTMETA_ASKED_ANSWERED),
                refused: Refusals([
                    "ENOENT": count(PKTMETA_ASKED_ENOENT), "EACCES": count(PKTMETA_ASKED_EACCES),
                    "EINVAL": count(PKTMETA_ASKED_EINVAL), "EAGAIN": count(PKTMETA_ASKED_EAGAIN),
                    "EBADMSG": count(PKTMETA_ASKED_EBADMSG), "ENODATA": count(PKTMETA_ASKED_ENODATA),
                    "ESTALE": count(PKTMETA_ASKED_ESTALE), "EFAULT": count(PKTMETA_ASKED_EFAULT),
                    "EPROTONOSUPPORT": count(PKTMETA_ASKED_EPROTONOSUPPORT), "other": count(PKTMETA_ASKED_OTHER),
                ]))
            return answers.answered == 0 && answers.refused.total == 0 ? nil : answers
        }
    }
}
