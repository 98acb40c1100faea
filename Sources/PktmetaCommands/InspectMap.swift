// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import PacketMetadata
internal import RegistryModel

struct InspectMap: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect-map",
        abstract: "Show each field's place and what happened to it.",
        discussion: """
            The view registry shows where each field lies; the view state how often it was set and got, what was \
            refused, and the values that readers saw, all CPUs together. Without a view, both.
            """)

    @Argument(
        help: ArgumentHelp("registry or state, then names of fields; all fields if none.", valueName: "view-and-fields")
    )
    var words: [String] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let view = words.first.flatMap(InspectionView.init(rawValue:))
        let names = try words.dropFirst(view == nil ? 0 : 1).map { (word) throws(PacketMetadataError) in
            try FieldName(word)
        }
        let registry = try Registry.open(at: registry.path(in: context), for: .read)
        let inspection = try Inspection(registry, view ?? .both, fields: names)
        context.output(
            isJSON ? InspectionDocument(inspection).json : InspectionRendering(inspection).text)
    }
}

enum InspectionView: String {
    case registry, state, both

    var showsState: Bool { self != .registry }
    var showsRegistry: Bool { self != .state }
}

/// All that a view shows, read from the maps at one time.
struct Inspection {
    struct Field {
        let field: RegisteredField
        /// nil if the view does not show it.
        let state: FieldState?
    }

    let path: String
    let view: InspectionView
    let image: RegistryImage
    let fields: [Field]
    /// nil if the view does not show it.
    let area: AreaState?
    /// CLOCK_MONOTONIC, ns.
    let time: UInt64
}
