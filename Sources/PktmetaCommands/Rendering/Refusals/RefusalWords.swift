// SPDX-License-Identifier: BSD-2-Clause

package import RegistryModel

/// What a refusal is in words: each type of refusals has an extension that gives them, in this folder.
package protocol RefusalWords: Refusal {
    /// Why it was refused.
    var reason: String { get }
    /// What the user can do, usually a command. `pktmeta VERB` in it gets the options of this run (``RemedyCommands``).
    var remedy: String? { get }
    /// The whole verifier log.
    var details: String? { get }
}

extension RefusalWords {
    package var remedy: String? { nil }
    package var details: String? { nil }
}

extension Refusal {
    /// `ArchitectureTests` sees to it that every refusal has its words.
    var words: any RefusalWords {
        guard let words = self as? any RefusalWords else { preconditionFailure("\(Self.self) has no words") }
        return words
    }

    /// The case's name, for programs: `sink-taken`, `no-tcx-links`.
    var code: String {
        let name = Array(Mirror(reflecting: self).children.first?.label ?? "\(self)")
        var code = ""
        for (index, letter) in name.enumerated() {
            // A word begins behind a small letter, and before one behind an abbreviation.
            let follows = index > 0 && !name[index - 1].isUppercase
            let precedes = index > 0 && index + 1 < name.count && name[index + 1].isLowercase
            if letter.isUppercase, follows || precedes { code.append("-") }
            code += letter.lowercased()
        }
        return code
    }
}

/// The texts of an error: what was asked, why it failed (with the kernel's own word, if it was the kernel), what helps.
extension PacketMetadataError {
    /// As in "cannot register tenant".
    var summary: String {
        if let done { return "\(done.text), but not all that goes with it is done" }
        return action?.words ?? "cannot do it"
    }

    /// The summary and the reason.
    package var message: String { "\(summary): \(reason)" }

    var reason: String { (steps.map(\.words) + [refusal.words.reason]).joined(separator: ": ") }
    /// What is in the way comes first; what finishes the rest works once it is gone.
    package var remedy: String? {
        let remedies = [refusal.words.remedy, done?.remedy].compactMap(\.self)
        return remedies.isEmpty ? nil : remedies.joined(separator: " ")
    }
    var details: String? { refusal.words.details }
}
