// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct InspectMap: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect-map",
        abstract: "Show each field's place and what happened to it.",
        discussion: """
            The view registry draws the area byte by byte and lists where each field lies and who uses it; the view state \
            lists how often each was set and got, what was refused, and the values that the prebuilt consumer got, all CPUs \
            together; the view field tells all of each field, with a histogram of these values. Without a view: registry and state, or, \
            if one field is named, that field; with --watch, state.

            Programs of your own count if they are compiled with PKTMETA_COUNT; of those that are not, state says so. The \
            values that they get are not recorded: for these, attach the prebuilt consumer beside them (--join --tc prebuilt).

            On a terminal, columns that do not fit are left out and named; in a pipe all are there. NO_COLOR=1 keeps \
            colour off.
            """)

    @Argument(
        help: ArgumentHelp(
            "registry, state or field; then names of fields, also with * and ?; all fields if none.",
            valueName: "view-and-fields"), completion: .viewsAndFields)
    var words: [String] = []

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var watching: InspectionWatchOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }
    var isJSONStream: Bool { watching.interval != nil }

    func validate() throws {
        try watching.validate()
    }

    var request: InspectMapRequest {
        InspectMapRequest(
            words: words, choice: selection.choice, interval: watching.interval, count: watching.count,
            registry: registry.path, isJSON: isJSON)
    }

    func run(in context: Context) throws(PacketMetadataError) { try request.run(in: context) }
}

/// What `inspect-map` was asked.
struct InspectMapRequest: Request, Hashable {
    /// A view, if the first is one; then names of fields.
    var words: [String]
    var choice = InspectionChoice()
    /// nil: once.
    var interval: Duration?
    var count: Int?
    var registry: String?
    var isJSON = false
    var isJSONStream: Bool { interval != nil }

    func run(in context: Context) throws(PacketMetadataError) {
        let path = context.registry(registry)
        let named = words.first.flatMap(InspectionView.init(rawValue:))
        let selection = try choice.selection(Array(words.dropFirst(named == nil ? 0 : 1)))
        let view = named ?? (selection.isOneField ? .field : interval == nil ? .both : .state)
        let parts = selection.needsStates ? view.parts.union(.states) : view.parts
        let registry = try context.readableRegistry(at: path)
        if let interval {
            try InspectionWatch(
                selection: selection, view: view, interval: interval, count: count, isJSON: isJSON, context: context,
                read: { () throws(PacketMetadataError) in try Registry.open(at: path, for: .read).inspect(parts) }
            ).run()
        } else {
            let report = InspectionReport(try selection.applied(to: try registry.inspect(parts)), view)
            context.output(isJSON ? report.document.json : InspectionRendering(report, context.display).text)
        }
    }
}

extension InspectMapRequest {
    init?(plain arguments: some Sequence<String>) {
        guard let plain = PlainArguments(arguments, options: ["--registry"], flags: ["--json"]) else { return nil }
        self.init(words: plain.words, registry: plain["--registry"], isJSON: plain.has("--json"))
    }
}

enum InspectionView: String, CaseIterable {
    case registry, state, both, field

    var showsState: Bool { self == .state || self == .both }
    var showsRegistry: Bool { self == .registry || self == .both }

    /// What has to be read.
    var parts: InspectedParts {
        switch self {
        case .registry: .users
        // Of the state, users tell what is counted.
        case .state, .both, .field: [.states, .users]
        }
    }
}

/// What `inspect-map` shows at one time.
struct InspectionReport {
    let inspection: Inspection
    let view: InspectionView
    /// Since the time before; empty if there was none.
    let rates: [FieldID: FieldRates]
    /// Whether rates are shown, known or not.
    let showsRates: Bool

    init(
        _ inspection: Inspection, _ view: InspectionView, rates: [FieldID: FieldRates] = [:], showsRates: Bool = false
    ) {
        self.inspection = inspection
        self.view = view
        self.rates = rates
        self.showsRates = showsRates
    }

    var document: InspectionDocument { InspectionDocument(self) }
}
