// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// An error for people and for programs.
struct ErrorRendering {
    private let error: PacketMetadataError
    private let remedies: RemedyCommands
    private let program: String
    private let showsVerifierLog: Bool?

    /// - Parameters:
    ///   - error: what to render.
    ///   - remedies: what completes the commands in its remedy.
    ///   - program: which one has met the error.
    ///   - showsVerifierLog: nil for a command without the option for that.
    init(
        _ error: PacketMetadataError, _ remedies: RemedyCommands = RemedyCommands(), program: String = "pktmeta",
        showsVerifierLog: Bool? = nil
    ) {
        self.error = error
        self.remedies = remedies
        self.program = program
        self.showsVerifierLog = showsVerifierLog
    }

    var text: String {
        let remedy = error.remedy.map { "\n  \(remedies.completed($0))" } ?? ""
        let message = "\(program): \(error.message)\(remedy)"
        guard let log = error.details else { return message }
        if showsVerifierLog == true { return "\(message)\n\(log)" }
        return message + "\n  \(showsVerifierLog == nil ? "--json" : "--verbose") shows the whole verifier log."
    }

    var json: String { document.json }
    var jsonLine: String { document.jsonLine }
    private var document: ErrorDocument { ErrorDocument(error, remedies) }
}
