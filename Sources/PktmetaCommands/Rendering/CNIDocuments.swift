// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// What a container runtime is told of an error (CNI specification, "Error").
struct CNIErrorDocument: JSONDocument {
    private let failure: CNIFailure
    private let version: CNIVersion
    private let remedies: RemedyCommands

    /// - Parameter version: of the configuration, if that is one that is supported.
    init(_ failure: CNIFailure, _ version: CNIVersion, _ remedies: RemedyCommands) {
        (self.failure, self.version, self.remedies) = (failure, version, remedies)
    }

    var value: JSONValue {
        let error = failure.error
        // A runtime tries again by itself, and has no option for how long to wait.
        let remedy = failure.code == .tryAgainLater ? nil : error.remedy
        let details = [remedy.map(remedies.completed), error.details].compactMap(\.self)
        return [
            "cniVersion": .text(version.rawValue),
            "code": .number(failure.code.number),
            "msg": .text("pktmeta: \(error.action == nil ? error.reason : error.message)"),
            "details": .text(details.joined(separator: "\n")),
        ]
    }
}

/// Which versions of the specification there are.
struct CNIVersionDocument: JSONDocument {
    /// That of the configuration.
    let version: String

    var value: JSONValue {
        [
            "cniVersion": .text(version),
            "supportedVersions": .texts(CNIVersion.allCases.map(\.rawValue)),
        ]
    }
}
