// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct Apply: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make this host as it is declared.",
        discussion: """
            Registers fields, attaches programs and sets what is declared of the registry, which is made if there is none. What \
            is as declared already is not touched, so a second run does nothing, and says so. All that can be is checked and \
            loaded before the first step; if a step fails all the same, what was done is said, and the same command goes on.

            Nothing goes unless --prune says so, and then only what the owners of these documents have declared before. \
            Interfaces that are declared and not there are told, and are no error.

            With --interface, the part that concerns an interface that has just come: the fields, and its programs.
            """)

    @Option(
        help: ArgumentHelp("Only what is declared of that interface; can be repeated.", valueName: "name"),
        completion: .interfaces)
    var interface: [String] = []

    @Flag(help: "Show what would be done, as plan does.")
    var dryRun = false

    @OptionGroup var limits: LimitOptions

    @Flag(help: "With an error, print the whole verifier log.")
    var verbose = false

    @OptionGroup var declaration: DeclarationOptions

    var isJSON: Bool { declaration.output.isJSON }
    var showsVerifierLog: Bool? { verbose }

    func validate() throws {
        if !interface.isEmpty, limits.prune {
            throw ValidationError("--prune goes by all that is declared, and so with no --interface.")
        }
    }

    func run(in context: Context) throws(PacketMetadataError) {
        let plan: HostPlan
        let declared = try narrowed(declaration.declaration())
        if dryRun {
            plan = try declaration.plan(declared, limits.limits, in: context)
        } else {
            let (done, reports) = try declared.apply(
                at: declaration.path(declared, in: context), limits.limits, trustsOwner: declaration.writing.trustOwner,
                waiting: declaration.writing.wait(in: context), recording: context.record, note: context.note)
            for report in reports {
                if let words = report.fallbackWords { context.note("\(report.place): \(report.hook): \(words)") }
            }
            plan = done
        }
        if isJSON {
            context.output(PlanDocument(plan, isDone: !dryRun).json)
        } else {
            context.show(PlanRendering(plan, dryRun ? .plan : .done).text)
        }
    }

    private func narrowed(_ whole: HostDeclaration) throws(PacketMetadataError) -> HostDeclaration {
        if interface.isEmpty { return whole }
        var narrowed = whole
        narrowed.attachments = []
        for name in interface {
            let part = try whole.narrowed(toInterface: name)
            narrowed.attachments += part.attachments
            narrowed.owners = part.owners
        }
        return narrowed
    }
}
