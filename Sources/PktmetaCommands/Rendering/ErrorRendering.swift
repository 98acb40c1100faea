// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// An error for people and for programs.
struct ErrorRendering {
    private let error: PacketMetadataError
    private let isVerbose: Bool

    init(_ error: PacketMetadataError, isVerbose: Bool) {
        self.error = error
        self.isVerbose = isVerbose
    }

    var text: String {
        let details = isVerbose ? error.details.map { "\n\($0)" } ?? "" : ""
        return "pktmeta: \(error)\(details)"
    }

    var json: String { ErrorDocument(error).json }
    var jsonLine: String { ErrorDocument(error).jsonLine }
}
