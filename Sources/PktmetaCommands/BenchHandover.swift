// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Runs the benchmark, a program of its own: the objects that the benchmark compares would be a fifth of pktmeta, and no other
/// command needs them.
struct Bench: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure encodings, programs and this command on this machine, side by side.",
        usage: "pktmeta bench [<argument> ...]",
        discussion: """
            Runs pktmeta-bench, a program of its own, with the same arguments, and ends as that program does. \
            pktmeta-bench is looked for beside pktmeta, where it counts if it belongs to root or to pktmeta's owner, then \
            in the system's folders of programs. Where it is installed, pktmeta bench --help shows what it takes. In \
            pktmeta's sources, make release builds both programs, and make bench runs the benchmark.
            """)

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("What pktmeta-bench takes: parts of the benchmark, --rounds, --json.", valueName: "argument")
    )
    var arguments: [String] = []

    private static let program = CompanionProgram(named: "pktmeta-bench")

    private static let action = Action.other("cannot run the benchmark")

    var isJSON: Bool { arguments.contains("--json") }

    func run(in context: Context) throws(PacketMetadataError) {
        let errno = context.handOver(Self.program, arguments)
        guard errno == .noSuchFileOrDirectory else {
            throw PacketMetadataError(errno, doing: "run \(Self.program.name)").keeping(from: Self.action)
        }
        // Help on how to get the program helps those who do not have it.
        if arguments.contains(where: ["--help", "-h"].contains) {
            return context.output(Pktmeta.fullMessage(for: CleanExit.helpRequest(Self.self)))
        }
        throw PacketMetadataError(ProgramRefusal(missing: Self.program)).keeping(from: Self.action)
    }
}
