// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// A diagnosis for people: a row a finding, what helps below it, and the conclusion.
struct DiagnosisRendering {
    private let diagnosis: Diagnosis
    private let display: Display
    private let remedies: RemedyCommands

    init(_ diagnosis: Diagnosis, _ display: Display, _ remedies: RemedyCommands = RemedyCommands()) {
        self.diagnosis = diagnosis
        self.display = display
        self.remedies = remedies
    }

    var text: String {
        ([table, ""] + wrapped(conclusion, to: display.width ?? .max)).joined(separator: "\n")
    }

    /// Of what was found, where nothing else limits it.
    private static let usualWidth = 88
    private static let leastWidth = 20
    private static let indentation = "  "

    /// What levels and checks leave of the display.
    private var width: Int {
        guard let whole = display.width else { return Self.usualWidth }
        let levels = diagnosis.findings.map(\.level.rawValue.utf8.count).max() ?? 0
        let checks = diagnosis.findings.map(\.check.rawValue.utf8.count).max() ?? 0
        let heads = max(levels, "LEVEL".utf8.count) + max(checks, "CHECK".utf8.count) + 2 * Table.gap.utf8.count
        return min(Self.usualWidth, max(Self.leastWidth, whole - heads))
    }

    private var table: String {
        var table = Table(columns: [.text("LEVEL"), .text("CHECK"), .text("FOUND")])
        for finding in diagnosis.findings {
            let remedy = finding.help.map {
                wrapped(remedies.completed($0), to: width - Self.indentation.utf8.count).map { Self.indentation + $0 }
            }
            for (number, line) in (wrapped(finding.text, to: width) + (remedy ?? [])).enumerated() {
                let head = number == 0 ? [finding.level.rawValue, finding.check.rawValue] : ["", ""]
                table.rows.append(head + [line])
            }
        }
        return table.text
    }

    private var conclusion: String {
        let place = diagnosis.interface.map { "on \($0)" } ?? "on this machine"
        let counts = [Finding.Level.broken, .weaker, .unknown].compactMap { level -> String? in
            let count = diagnosis.findings.count { $0.level == level }
            return count == 0 ? nil : "\(count) \(level.rawValue)"
        }
        let tally = counts.isEmpty ? "" : " (\(counts.joined(separator: ", ")))"
        switch diagnosis.obstacle {
        case nil: return "Packets would carry fields \(place)\(tally)."
        case .missingPrivilege: return "This process may not have packets carry fields \(place)\(tally)."
        default: return "Packets would not carry fields \(place)\(tally)."
        }
    }
}
