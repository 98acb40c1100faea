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
            lists how often each was set and got, what was refused, and the values that readers saw, all CPUs together; \
            the view field tells all of each field, with a histogram of its values. Without a view: registry and state, or, \
            if one field is named, that field; with --watch, state.

            On a terminal, columns that do not fit are left out and named; in a pipe all are there. NO_COLOR=1 keeps \
            colour off.
            """)

    @Argument(
        help: ArgumentHelp(
            "registry, state or field; then names of fields, also with * and ?; all fields if none.",
            valueName: "view-and-fields"))
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

    func run(in context: Context) throws(PacketMetadataError) {
        let path = registry.path(in: context)
        let named = words.first.flatMap(InspectionView.init(rawValue:))
        let names = Array(words.dropFirst(named == nil ? 0 : 1))
        let selection = try selection.selection(names)
        let view = named ?? (selection.isOneField ? .field : watching.interval == nil ? .both : .state)
        let read = { () throws(PacketMetadataError) -> Inspection in
            let registry = try Registry.open(at: path, for: .read)
            return try registry.inspect(selection.needsStates ? view.parts.union(.states) : view.parts)
        }
        if let interval = watching.interval {
            try InspectionWatch(
                selection: selection, view: view, interval: interval, count: watching.count, isJSON: isJSON,
                context: context, read: read
            ).run()
        } else {
            let report = InspectionReport(try selection.applied(to: try read()), view)
            context.output(isJSON ? report.document.json : InspectionRendering(report, context.display).text)
        }
    }
}

enum InspectionView: String {
    case registry, state, both, field

    var showsState: Bool { self == .state || self == .both }
    var showsRegistry: Bool { self == .registry || self == .both }

    /// What has to be read.
    var parts: InspectedParts {
        switch self {
        case .registry: .users
        case .state: .states
        case .both, .field: [.states, .users]
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
