// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What `inspect-map --json` prints; Resources/inspection.schema.json of the documentation describes it.
struct InspectionDocument: JSONDocument {
    let version = jsonVersion
    let registry: RegistryContents
    let fields: [Entry]
    let area: AreaContents?
    /// What in the registry makes no sense; empty for any that only pktmeta wrote.
    let problems: [Problem]
    /// CLOCK_MONOTONIC, ns, when the maps were read.
    let time: UInt64

    struct Entry: Encodable {
        let field: FieldContents
        /// Attached programs that may set or get it. Absent if the view does not show them or this process may not look.
        let users: [UserContents]?
        let state: StateContents?
        /// Since the line before; absent without --watch.
        let rates: RateContents?
    }

    struct UserContents: Encodable {
        let program: String
        let interface: String
        let hook: String
        let isPrebuilt: Bool
    }

    /// A second.
    struct RateContents: Encodable {
        let set: Double
        let got: Double
        let notSet: Double
        let refused: Double
    }

    struct RegistryContents: Encodable {
        let path: String
        let abiVersion: Int
        let tag: UInt8
        let generation: UInt16
        let capacity: Int
        let usedBytes: Int
        let revision: UInt64
        /// CLOCK_REALTIME, ns.
        let createdAt: UInt64
    }

    struct Problem: Encodable {
        let slot: Int
        let text: String
    }

    init(_ report: InspectionReport) {
        let inspection = report.inspection
        let image = inspection.image
        registry = RegistryContents(
            path: inspection.path.string, abiVersion: RegistryWord.abiVersion, tag: image.word.tag,
            generation: image.word.generation.number, capacity: image.word.capacity, usedBytes: image.usedBytes,
            revision: image.revision, createdAt: image.createdAt)
        fields = inspection.fields.map { entry in
            Entry(
                field: FieldContents(entry.field), users: entry.users.map { $0.map(UserContents.init) },
                state: entry.state.map(StateContents.init),
                rates: report.rates[entry.field.id].map(RateContents.init))
        }
        area = inspection.area.map(AreaContents.init)
        problems = image.problems.map { Problem(slot: $0.slot, text: $0.text) }
        time = inspection.time
    }
}

extension InspectionDocument.UserContents {
    init(_ user: FieldUser) {
        self.init(
            program: user.program, interface: user.interface, hook: user.hook.rawValue, isPrebuilt: user.isPrebuilt)
    }
}

extension InspectionDocument.RateContents {
    init(_ rates: FieldRates) {
        // Thousandths are as good as the clock.
        func rounded(_ rate: Double) -> Double { (rate * 1000).rounded() / 1000 }
        self.init(
            set: rounded(rates.set), got: rounded(rates.got), notSet: rounded(rates.notSet),
            refused: rounded(rates.refused))
    }
}

struct StateContents: Encodable {
    let set: UInt64
    let got: UInt64
    let notSet: UInt64
    /// Values that the sink was given.
    let sunk: UInt64
    /// Values that do not fit the sink.
    let notSunk: UInt64
    let setRefused: [String: UInt64]
    let getRefused: [String: UInt64]
    let last: Last?
    /// Integers only.
    let minimum: UInt64?
    let maximum: UInt64?
    /// Key k counts values that need k bits. Integers only.
    let histogram: [String: UInt64]

    struct Last: Encodable {
        let text: String
        /// Integers only.
        let number: UInt64?
        /// CLOCK_MONOTONIC, ns.
        let time: UInt64
    }

    init(_ state: FieldState) {
        set = state.set
        got = state.got
        notSet = state.notSet
        sunk = state.sunk
        notSunk = state.notSunk
        setRefused = Dictionary(uniqueKeysWithValues: state.setRefused.nonzero.map { ($0.name, $0.count) })
        getRefused = Dictionary(uniqueKeysWithValues: state.getRefused.nonzero.map { ($0.name, $0.count) })
        last = state.last.map { Last(text: $0.value.description, number: $0.value.number, time: $0.time) }
        minimum = state.range?.lowerBound
        maximum = state.range?.upperBound
        histogram = Dictionary(
            uniqueKeysWithValues: state.histogram.enumerated().filter { $1 > 0 }.map { (String($0), $1) })
    }
}

struct AreaContents: Encodable {
    let made: UInt64
    let found: UInt64
    let refused: [String: UInt64]
    let stale: UInt64

    init(_ state: AreaState) {
        made = state.made
        found = state.found
        refused = Dictionary(uniqueKeysWithValues: state.refused.nonzero.map { ($0.name, $0.count) })
        stale = state.stale
    }
}
