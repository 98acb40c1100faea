// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// An error for people and for programs.
struct ErrorRendering {
    private let error: PacketMetadataError
    private let program: String
    private let showsVerifierLog: Bool?

    /// - Parameters:
    ///   - program: which one has met the error.
    ///   - showsVerifierLog: nil for a command without the option for that.
    init(_ error: PacketMetadataError, program: String = "pktmeta", showsVerifierLog: Bool? = nil) {
        self.error = error
        self.program = program
        self.showsVerifierLog = showsVerifierLog
    }

    var text: String {
        let message = "\(program): \(error)"
        guard let log = error.details else { return message }
        if showsVerifierLog == true { return "\(message)\n\(log)" }
        return message + "\n  \(showsVerifierLog == nil ? "--json" : "--verbose") shows the whole verifier log."
    }

    var json: String { ErrorDocument(error).json }
    var jsonLine: String { ErrorDocument(error).jsonLine }
}
