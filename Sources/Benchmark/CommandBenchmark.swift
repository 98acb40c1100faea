// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// Whole processes: this command, beside bpftool and tc where they do the like.
struct CommandBenchmark {
    let benchmark: Benchmark

    private static let capacities = [136, 32]
    private static let memoryLimit = 32  // MiB

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        []
    }
}
