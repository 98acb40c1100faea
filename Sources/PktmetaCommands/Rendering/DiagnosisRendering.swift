// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// A diagnosis for people: a row a finding, what helps below it, and the conclusion.
struct DiagnosisRendering {
    private let diagnosis: Diagnosis
    private let remedies: RemedyCommands

    init(_ diagnosis: Diagnosis, _ remedies: RemedyCommands = RemedyCommands()) {
        self.diagnosis = diagnosis
        self.remedies = remedies
    }

    var text: String { "\(table)\n\n\(conclusion)" }

    private static let width = 88

    private var table: String {
        var table = Table(columns: [.text("LEVEL"), .text("CHECK"), .text("FOUND")])
        for finding in diagnosis.findings {
            let remedy = finding.remedy.map { lines(remedies.completed($0)).map { "  \($0)" } } ?? []
            for (number, line) in (lines(finding.text) + remedy).enumerated() {
                let head = number == 0 ? [finding.level.rawValue, finding.check.rawValue] : ["", ""]
                table.rows.append(head + [line])
            }
        }
        return table.text
    }

    /// Broken between words; a word that is longer stays whole.
    private func lines(_ text: String) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= Self.width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
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
