// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel

extension CNIRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .missingVariables(let variables):
            "\(variables.map(\.rawValue).joined(separator: ", ")) "
                + (variables.count == 1 ? "is missing in the environment" : "are missing in the environment")
        case .badVariables(let values):
            CNIVariable.allCases.compactMap { variable in
                values[variable].map { "\(variable.rawValue)='\($0)': \(variable.needs)" }
            }.joined(separator: "; ")
        case .unsupportedVersion(let version?): "the CNI version \(version) is not supported"
        case .unsupportedVersion(nil): "the network configuration has no cniVersion"
        case .verbOfLaterVersion(let verb, let version):
            "CNI \(version.rawValue) has no \(verb.rawValue), which came with \(verb.since.rawValue)"
        case .inputUnreadable(let errno): "cannot read the network configuration: \(errno.withName)"
        case .inputTooLong(let most): "the network configuration has more than \(most >> 10) KiB"
        case .badNetworkName(let name): "the network's name '\(name)' is to have letters, digits, _, . and - alone"
        case .notChained(let verb): "the network configuration has no prevResult, which \(verb.rawValue) goes by"
        case .notAsDeclared(let programs, let absences):
            "not as declared: "
                + (programs.map { "\($0.title): \($0.kind.words)" } + absences.map(\.kind.words))
                .joined(separator: "; ")
        }
    }

    var remedy: String? {
        switch self {
        case .missingVariables([.command]), .badVariables:
            "A container runtime calls this, as pktmeta help cni says."
        case .unsupportedVersion: "Supported: \(CNIVersion.allCases.map(\.rawValue).joined(separator: ", "))."
        case .notChained:
            "The plugin belongs behind one that makes interfaces, in a list of plugins: pktmeta help cni shows how."
        case .missingVariables, .verbOfLaterVersion, .inputUnreadable, .inputTooLong, .badNetworkName, .notAsDeclared:
            nil
        }
    }
}

extension CNIVariable {
    /// What its value is to be.
    fileprivate var needs: String {
        switch self {
        case .command: "it is one of \(CNIVerb.allCases.map(\.rawValue).joined(separator: ", "))"
        case .container: "it begins with a letter or digit, and has letters, digits, _, . and - alone"
        case .netns: "it is a path, and begins with /"
        case .interface: "it has at most 15 bytes, and no /, : or blank"
        }
    }
}

extension ProgramChange.Kind {
    fileprivate var words: String {
        switch self {
        case .attach: "is not attached"
        case .replace: "is another"
        case .move: "runs at another place"
        case .detach, .undeclared, .withdraw: "is not declared"
        case .claim: "is not recorded as declared"
        }
    }
}
