// SPDX-License-Identifier: BSD-2-Clause

internal import DeclarationFiles
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What a runtime asks for, as the environment and the configuration have it.
struct CNICall {
    let verb: CNIVerb
    /// Of the container; nil where it does not count.
    let interface: String?
    let netns: FilePath?
    let configuration: NetworkConfiguration

    /// - Throws: ``CNIFailure`` if the environment does not say what to do.
    static func verb(_ environment: (String) -> String?) throws(CNIFailure) -> CNIVerb {
        let word = environment(CNIVariable.command.rawValue) ?? ""
        if word.isEmpty { throw CNIFailure(CNIRefusal.missingVariables([.command])) }
        guard let verb = CNIVerb(rawValue: word) else { throw CNIFailure(CNIRefusal.badVariables([.command: word])) }
        return verb
    }

    /// - Throws: ``CNIFailure`` for a version that is not supported, or has not that verb.
    static func version(of document: NetworkDocument, for verb: CNIVerb) throws(CNIFailure) -> CNIVersion {
        guard let version = CNIVersion(rawValue: document.version ?? "") else {
            throw CNIFailure(CNIRefusal.unsupportedVersion(document.version))
        }
        if version < verb.since { throw CNIFailure(CNIRefusal.verbOfLaterVersion(verb, than: version)) }
        return version
    }

    /// - Throws: ``CNIFailure`` with what is missing or wrong.
    init(
        _ verb: CNIVerb, _ document: NetworkDocument, _ environment: (String) -> String?
    ) throws(CNIFailure) {
        func value(_ variable: CNIVariable) -> String? {
            let value = environment(variable.rawValue) ?? ""
            return value.isEmpty ? nil : value
        }
        let missing = verb.variables.filter { value($0) == nil }
        if !missing.isEmpty { throw CNIFailure(CNIRefusal.missingVariables(missing)) }
        var bad: [CNIVariable: String] = [:]
        let asked = verb.variables + (verb == .delete ? [.netns] : [])
        for variable in asked {
            if let value = value(variable), !variable.takes(value) { bad[variable] = value }
        }
        if !bad.isEmpty { throw CNIFailure(CNIRefusal.badVariables(bad)) }
        self.verb = verb
        interface = verb.variables.contains(.interface) ? value(.interface) : nil
        netns = value(.netns).map { FilePath($0) }
        do throws(PacketMetadataError) {
            // A name of no interface stands for that of whichever container.
            configuration = try document.configuration(for: interface ?? "eth0")
        } catch {
            throw CNIFailure(error, code: .invalidConfiguration)
        }
        if !CNIVariable.isIdentifier(configuration.name) {
            throw CNIFailure(CNIRefusal.badNetworkName(configuration.name))
        }
        if verb == .add || verb == .check, configuration.previous == nil {
            throw CNIFailure(CNIRefusal.notChained(verb))
        }
    }

    /// What the container has got, by what the plugins before this one have made.
    var interfaces: ContainerInterfaces {
        let made = configuration.previous?.interfaces ?? []
        var inside = made.filter { $0.sandbox != nil }.map(\.name)
        if let interface, !inside.contains(interface) { inside.append(interface) }
        return ContainerInterfaces(
            ofHost: made.filter { $0.sandbox == nil }.map(\.name), ofContainer: inside, netns: netns)
    }
}
