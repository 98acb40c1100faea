// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// An error for people and for programs.
struct ErrorRendering {
    private let error: PacketMetadataError
    private let showsVerifierLog: Bool?

    /// - Parameter showsVerifierLog: nil for a command without the option for that.
    init(_ error: PacketMetadataError, showsVerifierLog: Bool? = nil) {
        self.error = error
        self.showsVerifierLog = showsVerifierLog
    }

    var text: String {
        let message = "pktmeta: \(error)"
        guard let log = error.details else { return message }
        if showsVerifierLog == true { return "\(message)\n\(log)" }
        return message + "\n  \(showsVerifierLog == nil ? "--json" : "--verbose") shows the whole verifier log."
    }

    var json: String { ErrorDocument(error).json }
    var jsonLine: String { ErrorDocument(error).jsonLine }
}
