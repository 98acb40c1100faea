// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Testing

/// What becomes of a packet's field on its way, in the words of Survival.md.
enum SurvivalOutcome: String, Sendable {
    /// Each packet has the value that was set on it.
    case value
    /// Get returns `-EFAULT`: there is no metadata.
    case none
    /// Get returns `-EFAULT`: there is metadata, but it is not where the kernel says, or its trailer is overwritten.
    case displaced
    /// Get returns `-ENOENT`: a new area has been made.
    case new
    /// Get returns other bytes: no row has that.
    case wrong = "**wrong**"
    /// Some packets have the value, others no area.
    case valueOrNone = "value/none"
    case noPacket = "no packet"
    /// The verifier refuses the program.
    case notLoaded = "refused"
    /// This kernel, as it is built, has no such thing.
    case absent = "–"
}

/// A row's outcome on each kernel.
struct SurvivalOutcomes: Sendable {
    /// By the first kernel that has it.
    private var changes: [SurvivalKernel: SurvivalOutcome]
    private var exceptions: [SurvivalKernel: SurvivalOutcome] = [:]

    private init(_ outcome: SurvivalOutcome) { changes = [.linux510: outcome] }

    // The same on all kernels, unless said otherwise.
    static let value = Self(.value)
    static let none = Self(.none)
    static let displaced = Self(.displaced)
    static let new = Self(.new)
    static let valueOrNone = Self(.valueOrNone)
    static let noPacket = Self(.noPacket)
    static let notLoaded = Self(.notLoaded)
    static let absent = Self(.absent)

    /// Another one on that kernel and on all later ones.
    func since(_ kernel: SurvivalKernel, _ outcome: SurvivalOutcome) -> Self {
        var outcomes = self
        outcomes.changes[kernel] = outcome
        return outcomes
    }

    /// Another one on that kernel alone.
    func on(_ kernel: SurvivalKernel, _ outcome: SurvivalOutcome) -> Self {
        var outcomes = self
        outcomes.exceptions[kernel] = outcome
        return outcomes
    }

    subscript(kernel: SurvivalKernel) -> SurvivalOutcome {
        exceptions[kernel] ?? changes.filter { $0.key <= kernel }.max { $0.key < $1.key }?.value ?? .absent
    }
}

/// A path that packets take between the program that sets a field and the one that gets it.
struct SurvivalRow: Sendable {
    enum Mode: String, Sendable {
        case native, generic
        case either = "both"
        /// No XDP program is in it.
        case none = "–"

        /// How the program that sets the field is attached, one case each.
        var attachments: [XDPMode] {
            switch self {
            case .native, .none: [.native]
            case .generic: [.generic]
            case .either: [.native, .generic]
            }
        }
    }

    let path: String
    let mode: Mode
    let outcomes: SurvivalOutcomes
    let why: String
    let route: SurvivalRoute

    init(_ path: String, _ mode: Mode, _ outcomes: SurvivalOutcomes, _ why: String, _ route: SurvivalRoute) {
        self.path = path
        self.mode = mode
        self.outcomes = outcomes
        self.why = why
        self.route = route
    }

    /// On a kernel; where this machine's is built without a module that the path takes, that is its outcome.
    func outcome(on kernel: SurvivalKernel) -> SurvivalOutcome {
        kernel == .linux618 && route.device?.module != nil ? .absent : outcomes[kernel]
    }

    /// As in Survival.md.
    var rendered: String {
        let columns = SurvivalKernel.allCases.map { outcome(on: $0).rawValue }
        return "| " + ([path, mode.rawValue] + columns + [why]).joined(separator: " | ") + " |"
    }
}

/// Rows of one kind, with a heading and a table of their own in Survival.md.
struct SurvivalSection: Sendable, CustomTestStringConvertible {
    let heading: String
    let rows: [SurvivalRow]

    var testDescription: String { heading }

    /// The table, a line each.
    var rendered: [String] {
        let names = ["path", "XDP"] + SurvivalKernel.allCases.map(\.heading) + ["why"]
        return [
            "| " + names.joined(separator: " | ") + " |", "|" + names.map { _ in " --- |" }.joined(),
        ] + rows.map(\.rendered)
    }
}
