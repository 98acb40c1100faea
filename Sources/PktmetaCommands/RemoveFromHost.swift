// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct RemoveFromHost: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-from-host",
        abstract: "Take all of pktmeta off this host, whatever state it is in.",
        discussion: """
            Removes the registries in all BPF file systems that are mounted here, those too that are damaged, cut short or \
            of another version, and detaches what pktmeta has attached in any network namespace: by its pins, and by the \
            kernel's own record of who has loaded a program, where the pins are gone or there were none (--no-pin). \
            A clsact qdisc goes if pktmeta made it and nothing hangs from it.

            Programs that others have loaded stay, also those that use a registry; they are named. No process is \
            ended: one that holds a link is named, and its link is detached. What cannot be removed keeps nothing else from \
            going. Can be run again at any time; --dry-run says what would go.

            Exit codes: 0 nothing of pktmeta is left, 79 something is, or could not be looked for; each is said, with the \
            reason.
            """)

    @Flag(help: "Yes, all of it.")
    var force = false

    @Flag(help: "Change nothing; say what would be removed, and what could not be.")
    var dryRun = false

    @Option(
        name: .customLong("registry"),
        help: ArgumentHelp(
            "Only this registry, and what was loaded for it; can be repeated. $PKTMETA_REGISTRY is not looked at.",
            valueName: "path"), completion: .directory)
    var registries: [String] = []

    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func validate() throws {
        if !force, !dryRun {
            throw ValidationError(
                "All registries will be gone, and all that pktmeta has attached: say --force, or --dry-run to see it.")
        }
        if force, dryRun { throw ValidationError("--force goes with no --dry-run.") }
    }

    func run(in context: Context) throws(PacketMetadataError) { _ = try answer(in: context) }

    func answer(in context: Context) throws(PacketMetadataError) -> Int32 {
        let removal = try HostRemoval.run(
            HostRemoval.Request(
                registries: registries.isEmpty ? nil : registries.map { FilePath($0) }, isDryRun: dryRun,
                trustsOwner: writing.trustOwner),
            waiting: writing.wait(in: context), recording: context.record)
        if isJSON {
            context.output(RemovalDocument(removal).json)
        } else {
            context.show(RemovalRendering(removal).text)
        }
        return removal.exitCode
    }
}

extension HostRemoval {
    var exitCode: Int32 { isComplete ? 0 : PacketMetadataError.Kind.unfinished.exitCode }
}
