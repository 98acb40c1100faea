// SPDX-License-Identifier: BSD-2-Clause

internal import Benchmark
internal import PktmetaCommands

/// What was measured, for programs.
struct BenchmarkDocument: JSONDocument {
    let report: BenchmarkReport

    init(_ report: BenchmarkReport) { self.report = report }

    var value: JSONValue {
        [
            "version": .version,
            "machine": [
                "kernel": .text(report.machine.kernel), "architecture": .text(report.machine.architecture),
                "cpus": .number(report.machine.cpus),
            ],
            "sections": .array(report.sections.map(\.json)),
        ]
    }
}

extension BenchmarkSection {
    fileprivate var json: JSONValue {
        [
            "part": .text(part.rawValue),
            "title": .text(title),
            "unit": .text(unit),
            "rows": .array(rows.map(json)),
            "bars": .array(bars.map(\.json)),
            "notes": .texts(allNotes),
        ]
    }

    private func json(_ row: Row) -> JSONValue {
        let values = zip(columns, row.values).compactMap { column, value in
            value.map { JSONValue.Member(key: column, value: $0.json) }
        }
        return ["name": .text(row.name), "note": .text(row.note), "values": .object(of: values)]
    }
}

extension Estimate {
    /// A median, the bounds of its 95 % confidence interval, and of how many samples.
    fileprivate var json: JSONValue {
        ["median": .fraction(median), "low": .fraction(low), "high": .fraction(high), "samples": .number(count)]
    }
}

extension Bar {
    fileprivate var json: JSONValue {
        var (atMost, atLeast): (JSONValue?, JSONValue?)
        switch bound {
        case .atMost(let limit): atMost = .fraction(limit)
        case .atLeast(let limit): atLeast = .fraction(limit)
        }
        return [
            "ratio": .text(what), "value": ratio?.json, "atMost": atMost, "atLeast": atLeast,
            "verdict": .text(verdict.rawValue),
        ]
    }
}
