// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
package import RegistryModel
internal import SystemPackage
internal import Testbed

/// Measures encodings, programs and the command pktmeta, each beside what it is compared with, in turn.
///
/// Makes registries and network namespaces of its own, and removes them; touches no other interface.
package struct Benchmark: Sendable {
    /// How often each figure is sampled.
    package var rounds: Int
    /// Told what is being done.
    package var progress: @Sendable (String) -> Void

    package static let defaultRounds = 30
    private static let action = Action.other("the benchmark stopped")
    private static let purpose = "bench"

    package init(rounds: Int = defaultRounds, progress: @escaping @Sendable (String) -> Void = { _ in }) {
        self.rounds = rounds
        self.progress = progress
    }

    package func run(_ parts: [BenchmarkPart]) throws(PacketMetadataError) -> BenchmarkReport {
        TemporaryRegistry.removeAbandoned(for: Self.purpose)
        var report = BenchmarkReport(machine: .this, sections: [])
        for part in parts {
            do throws(PacketMetadataError) {
                report.sections += try doing(Self.action) { () throws(PacketMetadataError) in try run(part) }
            } catch {
                // One of several that this kernel has not, or that finds no pktmeta, is no reason not to measure the others.
                guard [.unsupported, .notFound].contains(error.kind), parts.count > 1 else { throw error }
                report.sections.append(
                    BenchmarkSection(part, "Not measured: \(part.rawValue)", unit: "", obstacle: error))
            }
        }
        return report
    }

    private func run(_ part: BenchmarkPart) throws(PacketMetadataError) -> [BenchmarkSection] {
        switch part {
        case .encodings: try EncodingBenchmark(benchmark: self).run()
        case .programs: try WholeProgramBenchmark(benchmark: self).run()
        case .frames: try LiveFramesBenchmark(benchmark: self).run()
        case .skbs: try SKBMapBenchmark(benchmark: self).run()
        case .layers:
            try LayersBenchmark(benchmark: self).run() + UnaskedTraceBenchmark(benchmark: self).run()
        case .sockets: try SocketsBenchmark(benchmark: self).run()
        case .growth: try GrowthBenchmark(benchmark: self).run()
        case .tcp: try TCPBenchmark(benchmark: self).run()
        case .watch: try WatchBenchmark(benchmark: self).run()
        case .follow: try FollowBenchmark(benchmark: self).run()
        case .commands: try CommandBenchmark(benchmark: self).run()
        }
    }

    /// A registry with the first fields of the benchmark, in an area of that size.
    static func registry(
        _ purpose: String, capacity: Int, fields: Int
    ) throws(PacketMetadataError) -> TemporaryRegistry {
        let place = TemporaryRegistry(for: "\(Self.purpose)-\(purpose)")
        let registry = try Registry.openOrCreate(at: place.path, capacity: capacity)
        if fields > 0 { try BenchmarkFields.register(fields, in: registry) }
        return place
    }

    /// Rounds of samples of each, in turn.
    func sample(_ timers: [ProgramTimer], _ what: String) throws(PacketMetadataError) {
        for round in 1...rounds {
            if round.isMultiple(of: 10) { progress("\(what): round \(round) of \(rounds)") }
            try Self.stopIfInterrupted()
            for timer in timers { try timer.sample() }
        }
    }

    /// Runs a command of the machine's, or pktmeta, to its end.
    ///
    /// - Returns: how long it took, ms.
    @discardableResult
    static func run(_ command: [String]) throws -> Double {
        let outcome = try ChildProcess.run(command)
        guard outcome.status == 0 else {
            throw PacketMetadataError(
                BenchmarkRefusal.commandFailed(command, status: outcome.status, output: outcome.output))
        }
        return outcome.duration.inSeconds * 1e3
    }

    /// How long something takes, ms.
    static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start).inSeconds * 1e3
    }

    /// What the kernel refused, or what is one of our own errors already.
    static func failure(_ error: any Error) -> PacketMetadataError {
        // A signal also ends what the kernel was doing.
        if let signal = Interruption.signal { return interrupted(by: signal) }
        return switch error {
        case let error as PacketMetadataError: error
        case let error as BPFError: PacketMetadataError(error, needs: [.bpf, .netAdmin, .perfmon, .sysAdmin])
        case let error as Errno: PacketMetadataError(BenchmarkRefusal.systemFailure(error))
        default: PacketMetadataError(BenchmarkRefusal.unexpected("\(error)"))
        }
    }

    static func stopIfInterrupted() throws(PacketMetadataError) {
        guard let signal = Interruption.signal else { return }
        throw interrupted(by: signal)
    }

    private static func interrupted(by signal: CInt) -> PacketMetadataError {
        PacketMetadataError(TestbedRefusal.interrupted(signal))
    }
}

extension BenchmarkReport.Machine {
    static var this: Self {
        let names = SystemNames.this
        return Self(kernel: names.release, architecture: names.machine, cpus: SystemNames.onlineCPUs)
    }
}
