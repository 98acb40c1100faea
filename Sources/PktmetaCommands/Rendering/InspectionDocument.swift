// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What `inspect-map --json` prints; Resources/inspection.schema.json of the documentation describes it.
struct InspectionDocument: JSONDocument {
    let report: InspectionReport

    init(_ report: InspectionReport) { self.report = report }

    var value: JSONValue {
        let inspection = report.inspection
        return [
            "version": .version,
            "registry": registry(inspection.path.string, inspection.image),
            "fields": .array(inspection.fields.map(entry)),
            "area": inspection.area?.json(inspection.areaCounting),
            // What applications have asked by their sockets, by ways in which something was asked.
            "sockets": .array(inspection.sockets.map(\.json)),
            // What in the registry makes no sense; empty for any that only pktmeta wrote.
            "problems": .array(inspection.image.problems.map(\.json)),
            // CLOCK_MONOTONIC, ns, when the maps were read.
            "time": .number(inspection.time),
            // CLOCK_REALTIME, ns, at that time.
            "readAt": .number(inspection.readAt),
        ]
    }

    private func registry(_ path: String, _ image: RegistryImage) -> JSONValue {
        [
            "path": .text(path),
            "abiVersion": .number(RegistryWord.abiVersion),
            "generation": .number(image.word.generation.number),
            "capacity": .number(image.word.capacity),
            "usedBytes": .number(image.usedBytes),
            "revision": .number(image.revision),
            // Of which values minimum, maximum and histogram are taken: `all`, `sampled` or `none`.
            "statistics": .text(image.statistics.rawValue),
            // CLOCK_REALTIME, ns.
            "createdAt": .number(image.createdAt),
        ]
    }

    private func entry(_ entry: Inspection.Field) -> JSONValue {
        [
            "field": entry.field.json,
            // Attached programs that may set or get it. Absent if the view does not show them or this process may not
            // look.
            "users": entry.users.map { .array($0.map(\.json)) },
            // `all`, `some` or `none` of what these programs do shows in the state. Absent if none sets or gets the field,
            // or it cannot be known.
            "counting": entry.counting.map { .text($0.rawValue) },
            "state": entry.state?.json(report.inspection),
            // Since the line before; absent without --watch.
            "rates": report.rates[entry.field.id]?.json,
        ]
    }
}

extension SocketAnswers {
    fileprivate var json: JSONValue {
        ["way": .text(way.rawValue), "answered": .number(answered), "refused": .counts(refused.nonzero)]
    }
}

extension RegistryProblem {
    var json: JSONValue { ["slot": .number(slot), "text": .text(fault.words)] }
}

extension FieldUser {
    fileprivate var json: JSONValue {
        [
            "program": .text(program),
            // One of these, by which it is known what the hook is of.
            "interface": place.interfaceJSON,
            "netfilter": place.netfilterJSON,
            "cgroup": place.cgroupJSON,
            "hook": .text(hook.rawValue),
            "isPrebuilt": .flag(isPrebuilt),
            // Whether the state shows what it does. Absent if this process may not look, and for scrub programs.
            "counts": counts.map(JSONValue.flag),
        ]
    }
}

extension FieldRates {
    /// A second.
    fileprivate var json: JSONValue {
        // Thousandths are as good as the clock.
        func rounded(_ rate: Double) -> JSONValue { .fraction((rate * 1000).rounded() / 1000) }
        return ["set": rounded(set), "got": rounded(got), "notSet": rounded(notSet), "refused": rounded(refused)]
    }
}

extension FieldState {
    /// - Parameter inspection: which read the state.
    fileprivate func json(_ inspection: Inspection) -> JSONValue {
        [
            "set": .number(set),
            "got": .number(got),
            "notSet": .number(notSet),
            // Values that the sink was given.
            "sunk": .number(sunk),
            // Values that do not fit the sink.
            "notSunk": .number(notSunk),
            "setRefused": .counts(setRefused.nonzero),
            "getRefused": .counts(getRefused.nonzero),
            "last": last.map {
                [
                    "text": .text($0.value.description),
                    // Integers only.
                    "number": $0.value.number.map(JSONValue.number),
                    // CLOCK_MONOTONIC, ns.
                    "time": .number($0.time),
                    // CLOCK_REALTIME, ns, as both clocks stand now.
                    "readAt": .number(inspection.realtime(of: $0.time)),
                ]
            },
            // How many values minimum, maximum and histogram are of. Absent if there are none.
            "values": range.map { _ in .number(values) },
            // Integers only.
            "minimum": range.map { .number($0.lowerBound) },
            "maximum": range.map { .number($0.upperBound) },
            // Key k counts values that need k bits. Integers only.
            "histogram": .counts(histogram.enumerated().filter { $1 > 0 }.map { (String($0), $1) }),
        ]
    }
}

extension AreaState {
    fileprivate func json(_ counting: Inspection.Counting?) -> JSONValue {
        [
            // As of fields.
            "counting": counting.map { .text($0.rawValue) },
            "made": .number(made),
            "found": .number(found),
            "refused": .counts(refused.nonzero),
            "stale": .number(stale),
        ]
    }
}
