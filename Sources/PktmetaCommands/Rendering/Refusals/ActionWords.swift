// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension Action {
    /// That it was refused: "cannot register tenant".
    var words: String {
        switch self {
        case .read(.arguments, _): "bad arguments"
        case .read(let notation, let text): "bad \(notation.words) '\(text)'"
        case .openRegistry(let path): "cannot open the registry \(path)"
        case .useRegistry(let path): "cannot use the registry \(path)"
        case .readRegistry(let path): "cannot read the registry \(path)"
        case .readState(let path): "cannot read the state of \(path)"
        case .createRegistry(let path): "cannot create the registry \(path)"
        case .changeRegistry(let path): "cannot change the registry \(path)"
        case .compactRegistry(let path): "cannot compact the registry \(path)"
        case .resizeAreas(let path): "cannot give packets areas of another size for the registry \(path)"
        case .resetState(let path): "cannot reset the state of \(path)"
        case .describeLayout(let path): "cannot tell the layout of \(path)"
        case .repairRegistry(let path): "cannot repair the registry \(path)"
        case .removeRegistry(let path): "cannot remove the registry \(path)"
        case .declare(let place): place
        case .planHost(let path): "cannot compare the host with what is declared for the registry \(path)"
        case .applyDeclaration(let path): "cannot make the host as it is declared for the registry \(path)"
        case .exportDeclaration(let path): "cannot write down what the host has for the registry \(path)"
        case .exportRegistry(let path): "cannot export the registry \(path)"
        case .setAccess(let path): "cannot set who may read the registry\(path.map { " \($0)" } ?? "")"
        case .setStatistics(let path): "cannot set which statistics the registry \(path) takes"
        case .probeAreas: "cannot tell which areas the kernel grants"
        case .registerField(let name): "cannot register \(name)"
        case .unregisterField(let name): "cannot unregister \(name)"
        case .readObject(let path): "cannot read the object \(path)"
        case .loadObject(let name): "cannot load \(name)"
        case .attach(let names): "cannot attach\(Self.list("to", names))"
        case .detach(let names): "cannot detach\(Self.list("from", names))"
        case .stayAttached(let names): "cannot stay attached\(Self.list("to", names))"
        case .renew(let program, let place): "cannot renew \(program) on \(place)"
        case .lookAtHook(let hook, let interface): "cannot look at \(hook) of \(interface)"
        case .examine(let interface): "cannot examine \(interface)"
        case .listAttachments: "cannot list attachments"
        case .useAttachments(let path): "cannot use what is attached for the registry \(path)"
        case .readAttachment(let path): "cannot read the attachment \(path)"
        case .adoptAttachment(let path): "cannot adopt the attachment \(path)"
        case .finishAttachment(let path): "cannot finish the attachment \(path)"
        case .createSteering(let name): "cannot create the steering \(name)"
        case .deleteSteering(let name): "cannot delete the steering \(name)"
        case .listSteerings: "cannot list steerings"
        case .readSteering(let path): "cannot read the steering \(path)"
        case .readDeclaration: "cannot read the declaration"
        case .readNetwork: "cannot read the network configuration"
        case .watch(let names): "cannot watch\(Self.list("", names))"
        case .trace: "cannot trace packets"
        case .watchBy(let field, let comparison, let value): "cannot watch by \(field)\(comparison)\(value)"
        case .writeFile(let path): "cannot write \(path)"
        case .run(let command): "cannot run \(command)"
        case .other(let text): text
        }
    }

    /// None if they are all that there are.
    private static func list(_ preposition: String, _ names: [String]) -> String {
        if names.isEmpty { return "" }
        return (preposition.isEmpty ? " " : " \(preposition) ") + names.joined(separator: ", ")
    }
}

extension Action.Notation {
    fileprivate var words: String {
        switch self {
        case .fieldName: "field name"
        case .steeringName: "name of a steering"
        case .type: "type"
        case .source: "source"
        case .sink: "sink"
        case .value: "value"
        case .registryPath: "registry path"
        case .condition: "condition"
        case .address: "address"
        case .arguments: "arguments"
        }
    }
}

extension Done {
    /// As in "tenant is registered".
    var text: String {
        switch self {
        case .registered(let field, _): "\(field.name) is registered"
        case .unregistered(let name, _): "\(name) is unregistered"
        case .changedFields(let registered, let unregistered, _): Self.fields(registered, unregistered)
        case .declaredInPart(let settings, let registered, let unregistered, let programs, _):
            [
                settings == 0 ? "" : "\(settings.of("setting")) of the registry changed",
                Self.fields(registered, unregistered), programs == 0 ? "" : "\(programs.of("program")) changed",
            ].filter { !$0.isEmpty }.joined(separator: ", ")
        case .moved(let names, _): "\(names.map(\.text).joined(separator: ", ")) moved"
        case .resized(let capacity, _): "packets get areas of \(capacity) bytes"
        case .created(let path): "the registry \(path) is created"
        case .setAccess(let path): "some pins of the registry \(path) have the new access"
        case .resetCounters(let names, _):
            "the counters of \(names.map(\.text).joined(separator: ", ")) began anew"
        case .setStatistics(let statistics, let path): "the registry \(path) takes statistics: \(statistics.rawValue)"
        case .deletedSteering(let name, _): "the steering \(name) is deleted"
        case .emptiedSteering(let name, _): "the steering \(name) has no sockets any more, and the kernel chooses them"
        case .detachedForRemoval(let done, let all, let steerings, _):
            "\(done) of \(all.of("attachment")) \(done == 1 ? "is" : "are") detached"
                + (steerings.isEmpty
                    ? "" : ", \(steerings.joined(separator: ", ")) \(steerings.count == 1 ? "is" : "are") deleted")
        case .attached(let hasAttached, let detached, let all):
            ((hasAttached ? ["the programs that were asked for are attached"] : [])
                + (all == 0 ? [] : ["\(detached) of \(all.of("program")) \(detached == 1 ? "is" : "are") detached"]))
                .joined(separator: ", ")
        case .attachedInPart(let places, _):
            "some of what was attached to \(places.joined(separator: ", ")) could not be taken back"
        case .registeredMissing(let names):
            "\(names.map(\.text).joined(separator: ", ")) \(names.count == 1 ? "is" : "are") registered"
        }
    }

    private static func fields(_ registered: [FieldName], _ unregistered: [FieldName]) -> String {
        [(registered, "registered"), (unregistered, "unregistered")].filter { !$0.0.isEmpty }
            .map { "\($0.0.map(\.text).joined(separator: ", ")) \($0.1)" }.joined(separator: ", ")
    }

    /// What finishes it.
    var remedy: String {
        switch self {
        case .registered(_, let path), .unregistered(_, let path), .moved(_, let path), .setStatistics(_, let path),
            .resized(_, let path), .resetCounters(_, let path), .deletedSteering(_, let path):
            "pktmeta repair --registry \(path) finishes it."
        case .created, .setAccess, .emptiedSteering, .changedFields, .declaredInPart: "The same command finishes it."
        case .detachedForRemoval(_, _, _, let path): "\(RegistryRefusal.removingCommand(path)) goes on with it."
        case .attached: "The next command that writes finishes what was begun; the same command, what was not."
        case .attachedInPart(_, let path):
            "pktmeta status --registry \(path) shows what is attached; pktmeta repair finishes it."
        case .registeredMissing(let names):
            "pktmeta unregister-field takes \(names.count == 1 ? "it" : "them") back."
        }
    }
}
