// SPDX-License-Identifier: BSD-2-Clause

internal import Benchmark

/// What was measured, for programs.
struct BenchmarkDocument: JSONDocument {
    let version = jsonVersion
    let machine: Machine
    let sections: [Section]

    struct Machine: Encodable {
        let kernel: String
        let architecture: String
        let cpus: Int
    }

    struct Section: Encodable {
        let part: String
        let title: String
        let unit: String
        let rows: [Row]
        let bars: [BarContents]
        let notes: [String]
    }

    struct Row: Encodable {
        let name: String
        let note: String
        /// By the column's heading.
        let values: [String: Figure]
    }

    /// A median, the bounds of its 95 % confidence interval, and of how many samples.
    struct Figure: Encodable {
        let median: Double
        let low: Double
        let high: Double
        let samples: Int

        init(_ estimate: Estimate) {
            (median, low, high, samples) = (estimate.median, estimate.low, estimate.high, estimate.count)
        }
    }

    struct BarContents: Encodable {
        let ratio: String
        let value: Figure
        let atMost: Double?
        let atLeast: Double?
        let verdict: String

        init(_ bar: Bar) {
            ratio = bar.what
            value = Figure(bar.ratio)
            switch bar.bound {
            case .atMost(let limit): (atMost, atLeast) = (limit, nil)
            case .atLeast(let limit): (atMost, atLeast) = (nil, limit)
            }
            verdict = bar.verdict.rawValue
        }
    }

    init(_ report: BenchmarkReport) {
        machine = Machine(
            kernel: report.machine.kernel, architecture: report.machine.architecture, cpus: report.machine.cpus)
        sections = report.sections.map { section in
            Section(
                part: section.part.rawValue, title: section.title, unit: section.unit,
                rows: section.rows.map { row in
                    let values = zip(section.columns, row.values).compactMap { column, value in
                        value.map { (column, Figure($0)) }
                    }
                    return Row(
                        name: row.name, note: row.note, values: Dictionary(values) { first, _ in first })
                }, bars: section.bars.map(BarContents.init), notes: section.notes)
        }
    }
}
