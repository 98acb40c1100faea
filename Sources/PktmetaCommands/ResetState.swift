// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct ResetState: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset-state",
        abstract: "Begin anew what is counted of fields, and print what was.",
        discussion: """
            Of each field counts, last value, minimum, maximum and histogram begin anew, while packets pass, and no program \
            is loaded anew. What is printed is what inspect-map state would have shown at that moment: each count is there, or \
            in what is shown from then on, and never in both. Of a packet that passes just then, a count may be shown from then \
            on and its value no more. Values, owners and programs stay as they are.

                pktmeta reset-state --json >>counts.json
            """)

    @Argument(help: ArgumentHelp("The fields' names; all fields if none.", valueName: "field"), completion: .fields)
    var names: [String] = []

    @Flag(help: "Also what is counted of areas.")
    var areas = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var writing: WritingOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        var fields: [FieldName] = []
        for name in names { fields.append(try FieldName(name)) }
        let registry = try Registry.open(
            at: registry.path(in: context), for: .write, trustsOwner: writing.trustOwner,
            waiting: writing.wait(in: context), recording: context.record)
        let until = InspectionReport(try registry.resetState(of: fields, areas: areas), .state)
        if isJSON {
            context.output(until.document.json)
        } else if until.inspection.fields.isEmpty, !areas {
            context.output("there are no fields")
        } else {
            context.output(InspectionRendering(until, context.display).text)
        }
    }
}
