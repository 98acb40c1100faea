// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// TCP through a veth pair whose receiver merges packets (GRO), by what their metadata holds.
struct TCPBenchmark {
    let benchmark: Benchmark

    private static let transferTime = Duration.milliseconds(250)

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            return [try throughPair(), try throughTunnel()]
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private func throughPair() throws -> BenchmarkSection {
        let pass = try TCPTransfer("no metadata")
        let hard = try TCPTransfer("hard-coded struct, constant", program: "struct")
        let constant = try TCPTransfer("constant", source: "constant:7")
        let varying = try TCPTransfer("differs on each packet", source: "ktime")
        let sampled = try TCPTransfer("differs on 1 packet in 1000", source: "ktime", sample: 1000)
        let transfers = [pass, hard, constant, varying, sampled]
        try sample(transfers, "tcp")
        return BenchmarkSection(
            .tcp, "TCP with GRO, one flow, by the metadata that the prebuilt producer sets",
            unit: "Gbit a second", digits: 2, columns: ["THROUGHPUT", "/ NONE", "KB MERGED"],
            rows: transfers.map { Self.row($0, pass) }, charted: [0],
            bars: [
                Bar(
                    "TCP, constant metadata / a hard-coded struct", .atLeast(0.99),
                    .ratio(constant.rates, to: hard.rates)),
                Bar("TCP, constant metadata / none", .atLeast(0.95), .ratio(constant.rates, to: pass.rates)),
                Bar(
                    "TCP, metadata that differs on 1 packet in 1000 / none", .atLeast(0.9),
                    .ratio(sampled.rates, to: pass.rates)),
            ],
            notes: [
                "All have an XDP program in native mode at the receiver; with none, it only passes packets on.",
                Self.mergedNote,
            ])
    }

    /// VXLAN over IPv4. Where GRO does not merge the outer packets, it merges the inner ones at the VXLAN device, unless they
    /// have an area: what lies before them, the outer headers, is then compared as metadata, and differs.
    private func throughTunnel() throws -> BenchmarkSection {
        let pairs = try [("GRO below", true), ("no GRO below", false)].map { name, mergesBelow in
            (
                pass: try TCPTransfer("\(name), no metadata", isTunnelled: true, mergesBelow: mergesBelow),
                constant: try TCPTransfer(
                    "\(name), constant", source: "constant:7", isTunnelled: true, mergesBelow: mergesBelow)
            )
        }
        try sample(pairs.flatMap { [$0.pass, $0.constant] }, "tcp, VXLAN")
        return BenchmarkSection(
            .tcp, "TCP through VXLAN, one flow, by whether GRO merges on the interface below, which makes the area",
            unit: "Gbit a second", digits: 2, columns: ["THROUGHPUT", "/ NONE", "KB MERGED"],
            rows: pairs.flatMap { [Self.row($0.pass, $0.pass), Self.row($0.constant, $0.pass)] }, charted: [0],
            bars: [
                Bar(
                    "TCP through VXLAN with GRO below, constant metadata / none", .atLeast(0.95),
                    .ratio(pairs[0].constant.rates, to: pairs[0].pass.rates))
            ],
            notes: [
                "GRO is on at the VXLAN device in all rows. Without GRO below, any area keeps packets from being merged there.",
                Self.mergedNote,
            ])
    }

    private static let mergedNote =
        "KB MERGED: what the stack gets at once, which GRO makes of packets of about 1.4 KB."

    private func sample(_ transfers: [TCPTransfer], _ what: String) throws {
        for transfer in transfers { try transfer.warmUp(for: Self.transferTime) }
        for round in 1...benchmark.rounds {
            if round.isMultiple(of: 5) { benchmark.progress("\(what): round \(round) of \(benchmark.rounds)") }
            try Benchmark.stopIfInterrupted()
            for transfer in transfers { try transfer.sample(for: Self.transferTime) }
        }
    }

    private static func row(_ transfer: TCPTransfer, _ pass: TCPTransfer) -> BenchmarkSection.Row {
        .init(
            transfer.title,
            [
                Estimate(transfer.rates.map { $0 * 8 / 1e9 }), .ratio(transfer.rates, to: pass.rates),
                Estimate(transfer.merged),
            ])
    }
}
