// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct Plan: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what apply would do, and what it costs.",
        discussion: """
            A line for each change: + comes, ~ is changed, - goes, ? is no longer declared and stays, ! is declared and not \
            there. Nothing is changed.
            """)

    @OptionGroup var limits: LimitOptions
    @OptionGroup var declaration: DeclarationOptions

    var isJSON: Bool { declaration.output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let plan = try declaration.plan(limits.limits, in: context)
        if isJSON {
            context.output(PlanDocument(plan, isDone: false).json)
        } else {
            context.show(PlanRendering(plan, .plan).text)
        }
    }
}

extension DeclarationOptions {
    func plan(_ limits: DeclarationLimits, in context: Context) throws(PacketMetadataError) -> HostPlan {
        try plan(declaration(), limits, in: context)
    }

    func plan(
        _ declaration: HostDeclaration, _ limits: DeclarationLimits, in context: Context
    ) throws(PacketMetadataError) -> HostPlan {
        try declaration.plan(
            at: path(declaration, in: context), limits, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context))
    }
}
