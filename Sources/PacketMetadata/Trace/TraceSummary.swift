// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// What became of packets, by the value of one field where they were seen first.
///
/// Copies are left out, and each packet is from where it is not certain any more that it is the same.
public struct TraceSummary: Sendable {
    /// From one station to the next that a packet was seen at.
    public struct Step: Sendable, Hashable {
        public let from: String
        public let to: String
    }

    /// The times that a step took.
    public struct Times: Sendable, Hashable {
        public private(set) var count = 0
        /// ns; of the newest ones.
        private var newest: [UInt64] = []

        /// How many are kept.
        private static let limit = 10_000

        mutating func add(_ time: UInt64) {
            if newest.count < Self.limit { newest.append(time) } else { newest[count % Self.limit] = time }
            count += 1
        }

        /// ns: of the newest 10,000; the upper of two in the middle.
        public var median: UInt64 { newest.sorted()[newest.count / 2] }
    }

    /// Why packets were dropped, as ``TracedPacket/Drop`` has it.
    public typealias Drop = TracedPacket.Drop

    /// Packets of one value.
    public struct Group: Sendable {
        /// nil of packets that did not carry the field.
        public let value: FieldValue?
        public fileprivate(set) var packets = 0
        /// In the order in which they were met first.
        public fileprivate(set) var steps: [(step: Step, times: Times)] = []
        public fileprivate(set) var drops: [(drop: Drop, count: Int)] = []
    }

    public let field: FieldName
    /// In the order in which they were met first.
    public private(set) var groups: [Group] = []
    /// Of packets of further values, which are in no group.
    public private(set) var packetsLeftOut = 0
    /// Of packets that are in groups only up to where it was certain that they were the same.
    public private(set) var unsurePackets = 0
    private var indices: [FieldValue?: Int] = [:]
    private var followed: [Int: Followed] = [:]
    private var copies: Set<Int> = []

    private struct Followed {
        let group: Int
        var station: String
        var time: UInt64
    }

    /// More values than anyone reads: a field that differs on each packet is not to fill the memory.
    public static let maximumGroups = 1000
    /// Packets whose end is not told are forgotten when so many others have come.
    private static let maximumFollowed = 65_536

    public init(by field: FieldName) { self.field = field }

    public mutating func add(_ packet: TracedPacket) {
        guard isCounted(packet), let index = group(of: packet) else { return }
        if let before = followed[packet.number] {
            groups[index].add(Step(from: before.station, to: packet.station.name), packet.time &- before.time)
        }
        if let drop = packet.drop { groups[index].add(drop) }
        followed[packet.number] =
            packet.station.isEnd ? nil : Followed(group: index, station: packet.station.name, time: packet.time)
        forget(packet.number - Self.maximumFollowed)
    }

    private mutating func isCounted(_ packet: TracedPacket) -> Bool {
        if packet.copyOf != nil { copies.insert(packet.number) }
        if copies.contains(packet.number) { return false }
        if packet.isSure { return packet.isFirst || followed[packet.number] != nil }
        if followed.removeValue(forKey: packet.number) != nil { unsurePackets += 1 }
        return false
    }

    private mutating func forget(_ number: Int) {
        followed[number] = nil
        copies.remove(number)
    }

    /// - Returns: nil if there are too many groups.
    private mutating func group(of packet: TracedPacket) -> Int? {
        if let followed = followed[packet.number] { return followed.group }
        let value = packet.fields?.first { $0.name == field }?.value
        let index: Int
        if let known = indices[value] {
            index = known
        } else {
            guard groups.count < Self.maximumGroups else {
                if packet.isFirst { packetsLeftOut += 1 }
                return nil
            }
            index = groups.count
            indices[value] = index
            groups.append(Group(value: value))
        }
        if packet.isFirst { groups[index].packets += 1 }
        return index
    }
}

extension TraceSummary.Group {
    fileprivate mutating func add(_ step: TraceSummary.Step, _ time: UInt64) {
        let index = steps.firstIndex { $0.step == step } ?? steps.count
        if index == steps.count { steps.append((step, TraceSummary.Times())) }
        steps[index].times.add(time)
    }

    fileprivate mutating func add(_ drop: TracedPacket.Drop) {
        let index = drops.firstIndex { $0.drop == drop } ?? drops.count
        if index == drops.count { drops.append((drop, 0)) }
        drops[index].count += 1
    }
}
