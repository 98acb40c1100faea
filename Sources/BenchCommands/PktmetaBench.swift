// SPDX-License-Identifier: BSD-2-Clause

package import ArgumentParser
internal import Benchmark
internal import Linux
internal import PacketMetadata
package import PktmetaCommands
package import RegistryModel

/// The command `pktmeta-bench`, which `pktmeta bench` runs.
package struct PktmetaBench: Program, ContextCommand {
    package static let configuration = CommandConfiguration(
        commandName: "pktmeta-bench",
        abstract: "Measure encodings, programs and pktmeta on this machine, side by side.",
        discussion: """
            encodings: sets and gets of 1, 3, 8 and 31 fields by a hard-coded struct, by pktmeta bound and by id, by TLV, \
            key/value and a hash map keyed by flow, in loops under BPF_PROG_TEST_RUN. programs: whole XDP programs that set \
            3 fields. frames: packets a second through a veth pair. skbs: the whole cost of a packet there, beside a hash map keyed \
            by the kernel's packet. layers: a field got where the kernel has the packet, by each way to read the kernel's memory, and \
            what a trace costs packets that it does not ask for. sockets: reads of datagrams by an application that asks for a field of \
            each. growth: the prebuilt programs by the number of fields. \
            tcp: throughput with GRO, by what the metadata holds. watch: packets a second that can be watched. follow: interfaces that come in a \
            burst. commands: \
            pktmeta, of the same folder or a folder of the system's, beside bpftool.

            Each figure is a median, taken in turn with those that it is compared with. A ratio whose uncertainty spans its \
            bar is too noisy to tell: run it again on a quieter machine, or with more rounds. Registries and network \
            namespaces are the benchmark's own, and go with it.
            """,
        version: Pktmeta.builtVersion)

    @Argument(
        help: ArgumentHelp(
            "What to measure; all if none: \(BenchmarkPart.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "part"))
    var parts: [BenchmarkPart] = []

    @Option(help: "How often each figure is taken.")
    var rounds = Benchmark.defaultRounds

    @Flag(help: "Take each figure once, which shows that all of it runs, and tells nothing of costs.")
    var once = false

    @OptionGroup var output: OutputOptions

    package init() {}

    package var isJSON: Bool { output.isJSON }

    package func validate() throws {
        // Fewer samples than 6 have no interval that holds the median in 95 of 100 cases.
        guard 6...10_000 ~= rounds else { throw ValidationError("--rounds is a number from 6 to 10000.") }
    }

    package func run(in context: Context) throws(PacketMetadataError) {
        Interruption.watch()
        let benchmark = Benchmark(rounds: once ? 1 : rounds, progress: { context.progress($0) })
        let report = try benchmark.run(parts.isEmpty ? BenchmarkPart.allCases : parts)
        context.output(isJSON ? BenchmarkDocument(report).json : BenchmarkRendering(report, context.display).text)
    }
}

extension BenchmarkPart: ExpressibleByArgument {}
