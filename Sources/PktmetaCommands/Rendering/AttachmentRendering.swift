// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata

/// What was attached or detached, for people.
struct AttachmentRendering {
    private let reports: [AttachmentReport]

    init(_ reports: [AttachmentReport]) { self.reports = reports }

    var text: String { reports.map(line).joined(separator: "\n") }

    private func line(_ report: AttachmentReport) -> String {
        let fallback = report.fallbackWords.map { "; \($0)" } ?? ""
        return "\(report.place): \(report.hook): \(report.program) \(report.outcome.rawValue)"
            + " (\(report.mode.rawValue)\(fallback))"
    }
}
