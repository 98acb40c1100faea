// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import CSocketLoops
internal import Linux
internal import PacketMetadata
internal import RegistryModel

/// What it costs an application to ask for a field by its socket, and what the programs that answer cost packets.
struct SocketsBenchmark {
    let benchmark: Benchmark

    /// Reads that are timed, each beside what it is compared with.
    enum Reading: String, CaseIterable {
        case alone = "recv"
        case outside = "recv, outside of the cgroup"
        case next = "next, then recv"
        case batch = "batch of 32, then recv of each"
        case option = "getsockopt(SO_TYPE), then recv, outside of the cgroup"
        case optionUnattached = "the same, with no program attached on the host"
        case optionEmpty = "the same in a cgroup with an empty program"
        case message = "recvmsg"
        case mark = "recvmsg with the field as its mark"
        case time = "recvmsg with its timestamp"
        case at = "recvmsg with its timestamp, then at"

        fileprivate var loop: socket_loop {
            switch self {
            case .alone, .outside: SOCKET_LOOP_RECV
            case .next: SOCKET_LOOP_NEXT
            case .batch: SOCKET_LOOP_BATCH
            case .option, .optionUnattached, .optionEmpty: SOCKET_LOOP_OPTION
            case .message, .mark, .time: SOCKET_LOOP_RECVMSG
            case .at: SOCKET_LOOP_AT
            }
        }
    }

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let scene = try SocketScene()
            var samples = Samples()
            for round in 0...benchmark.rounds {
                if round.isMultiple(of: 10) { benchmark.progress("sockets: round \(round) of \(benchmark.rounds)") }
                try Benchmark.stopIfInterrupted()
                try sample(scene, &samples)
                if round == 0 { samples = Samples() }  // cold
            }
            return [readings(samples), packets(samples)]
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private struct Samples {
        /// ns a datagram.
        var readings: [Reading: [Double]] = [:]
        /// ns a packet.
        var packets: [SocketScene.Wish: [Double]] = [:]
        var emptyProgram: [Double] = []

        func of(_ reading: Reading) -> [Double] { readings[reading, default: []] }
    }

    private func sample(_ scene: SocketScene, _ samples: inout Samples) throws {
        try scene.whileUnattached {
            samples.readings[.optionUnattached, default: []].append(
                try scene.time(Reading.optionUnattached.loop, of: .outside))
        }
        for reading in Reading.allCases where reading != .optionUnattached {
            samples.readings[reading, default: []].append(try scene.time(reading.loop, of: reading.wish))
        }
        for wish in SocketScene.Wish.ofCgroup { samples.packets[wish, default: []].append(try scene.ingressTime(wish)) }
        samples.emptyProgram.append(try scene.ingressTime(.empty))
    }

    private func readings(_ samples: Samples) -> BenchmarkSection {
        func bar(_ what: String, _ limit: Double, _ one: Reading, to other: Reading) -> Bar {
            Bar(what, .atMost(limit), Estimate.ratio(samples.of(one), to: samples.of(other)))
        }
        return BenchmarkSection(
            .sockets, "Reading datagrams, and asking for a field of them", unit: "ns a datagram", digits: 0,
            columns: ["DATAGRAM"],
            rows: Reading.allCases.map { .init($0.rawValue, [Estimate(samples.of($0))]) }, charted: [0],
            bars: [
                bar("next and recv to recv", 2.1, .next, to: .alone),
                bar("batch of 32 and recv to recv", 1.25, .batch, to: .alone),
                bar("recvmsg with its timestamp and at to recvmsg with its timestamp", 1.8, .at, to: .time),
                bar("recvmsg with the field as its mark to recvmsg", 1.1, .mark, to: .message),
                bar(
                    "sockets outside of the cgroup with programs attached to without", 1.02, .option,
                    to: .optionUnattached),
            ],
            notes: [
                "Datagrams of 64 bytes with a field of 8, or as the mark of 4, that wait already, by \(SocketScene.atOnce) at a time."
            ])
    }

    private func packets(_ samples: Samples) -> BenchmarkSection {
        let unasked = zip(samples.packets[.nothing, default: []], samples.emptyProgram).map { $0 - $1 }
        let rows = SocketScene.Wish.ofCgroup.map { wish in
            BenchmarkSection.Row(wish.rawValue, [Estimate(samples.packets[wish, default: []])])
        }
        return BenchmarkSection(
            .sockets, "Packets to sockets of a cgroup that is attached to", unit: "ns a packet", columns: ["PACKET"],
            rows: [.init("an empty program", [Estimate(samples.emptyProgram)])] + rows,
            bars: [
                Bar(
                    "ns of a packet to a socket that asked for nothing, over an empty program", .atMost(50),
                    Estimate(unasked))
            ],
            notes: ["By the kernel's own count, in which reading the clock has a share."])
    }
}

extension SocketsBenchmark.Reading {
    /// What the socket that reads has asked for.
    fileprivate var wish: SocketScene.Wish {
        switch self {
        case .alone, .next, .batch, .message: .nothing
        case .outside, .option, .optionUnattached: .outside
        case .optionEmpty: .empty
        case .mark: .mark
        case .time: .time
        case .at: .at
        }
    }
}
