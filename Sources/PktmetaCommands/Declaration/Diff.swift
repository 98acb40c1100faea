// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct Diff: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show how this host differs from what is declared.",
        discussion: """
            A line for each difference: + is declared and missing, ~ is otherwise, ? is no longer declared by its owner, ! is \
            declared of something that is not there, or cannot be had as things are. What others than the documents' owners have is no difference.

            Exit codes: 0; with --exit-code, 1 if there are differences.
            """)

    @Flag(help: "Exit with 1 if there are differences.")
    var exitCode = false

    @Option(
        help: ArgumentHelp(
            "Write the JSON document to that file too, that of an error as well, for whoever collects metrics.",
            valueName: "file"), completion: .file())
    var report: String?

    @OptionGroup var declaration: DeclarationOptions

    var isJSON: Bool { declaration.output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) { _ = try answer(in: context) }

    func answer(in context: Context) throws(PacketMetadataError) -> Int32 {
        let plan: HostPlan
        do throws(PacketMetadataError) {
            plan = try differences(in: context)
        } catch {
            // An old report would say that all is well.
            if let report { try write(ErrorDocument(error, context.remedies).json, to: report) }
            throw error
        }
        let document = PlanDocument(plan, isDone: false).json
        if let report { try write(document, to: report) }
        if isJSON {
            context.output(document)
        } else if !plan.isFulfilled {
            context.show(PlanRendering(plan, .difference).text)
        }
        return exitCode && !plan.isFulfilled ? 1 : 0
    }

    private func differences(in context: Context) throws(PacketMetadataError) -> HostPlan {
        let declared = try declaration.declaration()
        return try declared.differences(
            at: declaration.path(declared, in: context), trustsOwner: declaration.writing.trustOwner,
            waiting: declaration.writing.wait(in: context))
    }

    private func write(_ document: String, to report: String) throws(PacketMetadataError) {
        try FileOptions.write(Array("\(document)\n".utf8), to: FilePath(report))
    }
}
