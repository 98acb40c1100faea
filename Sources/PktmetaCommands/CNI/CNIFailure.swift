// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What a runtime is told by the number of an error: those of the specification, and from 100 on, this plugin's.
enum CNICode: Equatable {
    case incompatibleVersion
    /// With the names of the variables in the message.
    case invalidEnvironment
    case inputOutput
    case undecodable
    case invalidConfiguration
    case tryAgainLater
    /// Of STATUS: no container can be added.
    case unavailable
    case notAsDeclared
    /// With the exit code that any other command has for it.
    case refused(exitCode: Int32)

    var number: Int {
        switch self {
        case .incompatibleVersion: 1
        case .invalidEnvironment: 4
        case .inputOutput: 5
        case .undecodable: 6
        case .invalidConfiguration: 7
        case .tryAgainLater: 11
        case .unavailable: 50
        case .notAsDeclared: 100
        case .refused(let exitCode): 100 + Int(exitCode)
        }
    }
}

/// That a runtime does not get what it has asked for.
struct CNIFailure: Error {
    let error: PacketMetadataError
    let code: CNICode

    init(_ error: PacketMetadataError, code: CNICode) { (self.error, self.code) = (error, code) }

    init(_ refusal: CNIRefusal) { self.init(PacketMetadataError(refusal), code: refusal.code) }

    /// What the library refused.
    init(_ error: PacketMetadataError) {
        // That a namespace is gone does not mean that nothing is left to be cleaned up, as code 3 would.
        let isOfNamespace = error.refusal is NamespaceRefusal && error.kind == .notFound
        let code: CNICode =
            isOfNamespace
            ? .invalidEnvironment : error.kind == .busy ? .tryAgainLater : .refused(exitCode: error.kind.exitCode)
        self.init(error, code: code)
    }
}

/// What only a runtime can ask for wrongly.
enum CNIRefusal: Refusal {
    case missingVariables([CNIVariable])
    case badVariables([CNIVariable: String])
    /// nil if the configuration says none.
    case unsupportedVersion(String?)
    case verbOfLaterVersion(CNIVerb, than: CNIVersion)
    case inputUnreadable(Errno)
    case inputTooLong(mostBytes: Int)
    case badNetworkName(String)
    /// The configuration has no previous result.
    case notChained(CNIVerb)
    case notAsDeclared([ProgramChange], [Absence])

    var code: CNICode {
        switch self {
        case .missingVariables, .badVariables: .invalidEnvironment
        case .unsupportedVersion, .verbOfLaterVersion: .incompatibleVersion
        case .inputUnreadable: .inputOutput
        case .inputTooLong: .undecodable
        case .badNetworkName, .notChained: .invalidConfiguration
        case .notAsDeclared: .notAsDeclared
        }
    }

    var kind: PacketMetadataError.Kind {
        switch self {
        case .missingVariables, .badVariables, .notChained: .usage
        case .unsupportedVersion, .verbOfLaterVersion: .unsupported
        case .inputUnreadable: .system
        case .inputTooLong, .badNetworkName, .notAsDeclared: .badData
        }
    }
}
