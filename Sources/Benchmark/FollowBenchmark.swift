// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// Interfaces that come in a burst and get what is declared of them, beside attaching to one after another.
struct FollowBenchmark {
    let benchmark: Benchmark

    /// As many as take some seconds: attaching waits for a grace period of the kernel each time.
    private static let burst = 50

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            var times = Times()
            for round in 1...benchmark.rounds {
                if round.isMultiple(of: 5) { benchmark.progress("follow: round \(round) of \(benchmark.rounds)") }
                try sample(&times)
            }
            return [section(times)]
        } catch {
            throw Benchmark.failure(error)
        }
    }

    /// By round, ms.
    private struct Times {
        var making: [Double] = []
        var following: [Double] = []
        var single: [Double] = []
    }

    /// Both ways with interfaces that are as new, in turn first.
    private func sample(_ times: inout Times) throws {
        try Benchmark.stopIfInterrupted()
        let followsFirst = times.following.count.isMultiple(of: 2)
        if followsFirst { try follow(&times) }
        times.single.append(try Self.attachOneByOne())
        if !followsFirst { try follow(&times) }
    }

    private func follow(_ times: inout Times) throws {
        let place = TemporaryRegistry(for: "bench-follow")
        let (making, following) = try VethTopology.namespace().run { () throws in
            let told = Told()
            let follower = try HostFollower(Self.declaration(), at: place.path) { told.take($0) }
            try follower.begin()
            let making = try Benchmark.milliseconds { try Self.make() }
            let following = try Benchmark.milliseconds {
                while told.attached < 2 * Self.burst, told.refusal == nil {
                    try Benchmark.stopIfInterrupted()
                    try follower.next()
                }
            }
            if let refusal = told.refusal { throw refusal }
            return (making, following)
        }
        times.making.append(making)
        times.following.append(following)
    }

    private final class Told {
        var attached = 0
        var refusal: PacketMetadataError?

        func take(_ event: HostFollower.Event) {
            switch event {
            case .applied(_, let reports), .attached(let reports):
                attached += reports.count { $0.outcome == .attached }
            case .refused(let error): refusal = error
            }
        }
    }

    private static func attachOneByOne() throws -> Double {
        let place = TemporaryRegistry(for: "bench-single")
        let registry = try Registry.openOrCreate(at: place.path)
        _ = try registry.register(field())
        return try VethTopology.namespace().run { () throws in
            try make()
            return try Benchmark.milliseconds {
                for name in names {
                    try Benchmark.stopIfInterrupted()
                    _ = try registry.attach(AttachmentRequest(), to: [name])
                }
            }
        }
    }

    // MARK: What is declared

    private static var names: [String] { (0..<burst).map { "pod\($0)" } }

    private static func make() throws {
        let commands = names.map { "link add \($0) type veth peer name other-\($0)" }.joined(separator: "\n")
        try Benchmark.run(["sh", "-c", "printf '%s\\n' \"$1\" | ip -batch -", "sh", commands])
    }

    private static func field() throws -> FieldDefinition {
        try FieldDefinition(
            name: FieldName("tenant"), type: .u32, source: FieldSource("constant:7", type: .u32), owner: "bench")
    }

    private static func declaration() throws -> HostDeclaration {
        let place = DocumentPlace(file: "bench", line: 1, column: 1)
        return HostDeclaration(
            owners: ["bench"], fields: [FieldDeclaration(try field(), at: place)],
            attachments: [
                AttachmentDeclaration(
                    .interfaces("pod*", netns: nil), programs: [.xdp: [.prebuilt], .tcIngress: [.prebuilt]],
                    owner: "bench", at: place)
            ])
    }

    // MARK: What came of it

    private func section(_ times: Times) -> BenchmarkSection {
        BenchmarkSection(
            .follow, "\(Self.burst) interfaces that come in a burst: XDP and TC programs of each", unit: "ms",
            columns: ["TIME"],
            rows: [
                .init("to make the veth pairs (ip -batch)", [Estimate(times.making)]),
                .init("until each has what is declared of it", [Estimate(times.following)]),
                .init("attaching to one after another, in one process", [Estimate(times.single)]),
            ],
            bars: [
                Bar(
                    "interfaces of a burst, followed / attached to one after another", .atMost(1.2),
                    .ratio(times.following, to: times.single))
            ],
            notes: ["Nothing of the interfaces is read before all are made, as if they had come at one time."])
    }
}
