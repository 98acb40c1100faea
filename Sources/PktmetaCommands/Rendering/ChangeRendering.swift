// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Who changes something, and by which command.
struct Caller {
    let verb: String
    let user = ProcessID.realUser
    /// nil if nobody logged in.
    let loginUser = LoginUser.current
}

/// A change for the system's log: a sentence for people, fields for programs.
struct ChangeRendering {
    private let change: RegistryChange
    private let caller: Caller

    init(_ change: RegistryChange, by caller: Caller) {
        self.change = change
        self.caller = caller
    }

    var line: LogLine {
        let (kind, sentence, fields) = event
        let login = caller.loginUser.map(String.init)
        let who = "uid \(caller.user)" + (login.map { ", login uid \($0)" } ?? "")
        let registry = change.registry.map { "registry \($0), " } ?? ""
        // A list of one type each: Swift 6.2 takes too long over all of it in one expression.
        let registryField: [LogLine.Field] = change.registry.map { [.init("PKTMETA_REGISTRY", $0.string)] } ?? []
        let loginField: [LogLine.Field] = login.map { [.init("PKTMETA_LOGIN_UID", $0)] } ?? []
        let caused: [LogLine.Field] = [
            .init("PKTMETA_VERB", caller.verb), .init("PKTMETA_UID", "\(caller.user)"),
        ]
        return LogLine(
            kind == "unfinished" ? .warning : .notice, "\(sentence); \(registry)by \(caller.verb), \(who)",
            fields: [.init("PKTMETA_CHANGE", kind)] + registryField + caused + loginField + fields)
    }

    private var event: (kind: String, sentence: String, fields: [LogLine.Field]) {
        switch change.event {
        case .mounted(let path): ("mounted", "mounted a BPF file system at \(path)", [])
        case .created(let capacity): ("created", "created the registry, \(capacity) bytes a packet", [])
        case .resized(let capacity): ("resized", "gave packets areas of \(capacity) bytes", [])
        case .accessChanged(let access): ("access", "changed who may read the registry: \(text(access))", [])
        case .statisticsChanged(let statistics):
            ("statistics", "changed which statistics are taken: \(statistics.rawValue)", [])
        case .registered(let field): ("registered", "registered \(text(field))", fields(field))
        case .unregistered(let field): ("unregistered", "unregistered \(text(field))", fields(field))
        case .stateReset(let field): ("reset", "reset the state of \(text(field))", fields(field))
        case .areasReset: ("reset", "reset the counts of areas", [])
        case .moved(let field): ("moved", "moved \(text(field)) to offset \(field.layout.offset)", fields(field))
        case .attachment(let report): (report.outcome.rawValue, text(report), fields(report))
        case .held(let report):
            (report.outcome.rawValue, text(report) + " for as long as this process lives", fields(report))
        case .steeringCreated(let name, let field, let sockets, let group):
            (
                "steered",
                "created the steering \(name) by \(text(field)), to \(sockets.of("socket"))"
                    + (group.map { ", shared with group \($0)" } ?? ""),
                [.init("PKTMETA_STEERING", name)] + fields(field)
            )
        case .steeringDeleted(let name):
            ("unsteered", "deleted the steering \(name)", [.init("PKTMETA_STEERING", name)])
        case .finished(let text): ("finished", "finished what another command had begun: \(text)", [])
        case .cleared(let problem): ("repaired", "repaired what was damaged: \(problem.words)", [])
        case .unfinished(let error): ("unfinished", text(error), fields(error))
        case .deleted: ("deleted", "deleted the registry", [])
        case .removed(let text): ("removed", "removed \(text)", [])
        }
    }

    // MARK: Sentences

    private func text(_ access: PinAccess) -> String {
        "mode 0" + String(access.bits, radix: 8) + (access.group.map { ", group \($0)" } ?? "")
    }

    private func text(_ field: RegisteredField) -> String { "field \(field.name), id \(field.id), type \(field.type)" }

    private func text(_ report: AttachmentReport) -> String {
        let done =
            switch report.outcome {
            case .attached, .unchanged: "attached \(report.program) to"
            case .replaced: "attached \(report.program) in place of what was attached to"
            case .moved: "moved \(report.program) among the programs on"
            case .detached: "detached \(report.program) from"
            }
        let namespace = report.place.namespace.map { " in network namespace \(text($0))" } ?? ""
        let place = "\(report.hook) of \(report.place)\(namespace)"
        let fallback = report.fallbackWords.map { "; \($0)" } ?? ""
        return "\(done) \(place) (\(report.mode.rawValue)\(fallback))"
    }

    private func text(_ namespace: NamespaceLabel) -> String {
        switch namespace {
        case .here: "of this process"
        case .named(let name): name
        case .cookie(let cookie): "cookie \(cookie)"
        }
    }

    private func text(_ error: PacketMetadataError) -> String {
        let remedy = error.remedy.map { ". \($0)" } ?? ""
        return "\(error.message)\(remedy)"
    }

    // MARK: Fields

    private func fields(_ field: RegisteredField) -> [LogLine.Field] {
        [.init("PKTMETA_FIELD", field.name.text), .init("PKTMETA_FIELD_ID", field.id.description)]
    }

    private func fields(_ report: AttachmentReport) -> [LogLine.Field] {
        let namespace: [LogLine.Field] =
            switch report.place.namespace {
            case .here, nil: []
            case .named(let name): [.init("PKTMETA_NETNS", name)]
            case .cookie(let cookie): [.init("PKTMETA_NETNS_COOKIE", "\(cookie)")]
            }
        let place: [LogLine.Field] =
            switch report.place {
            case .interface(let name, _): [.init("PKTMETA_INTERFACE", name)]
            case .netfilter(let hook, _):
                [
                    .init("PKTMETA_NETFILTER_FAMILY", hook.family.rawValue),
                    .init("PKTMETA_NETFILTER_HOOK", hook.stage.rawValue),
                    .init("PKTMETA_NETFILTER_PRIORITY", "\(hook.priority)"),
                ]
            case .cgroup(let path): [.init("PKTMETA_CGROUP", path.string)]
            }
        return place + [.init("PKTMETA_HOOK", report.hook.rawValue), .init("PKTMETA_PROGRAM", report.program)]
            + namespace
    }

    private func fields(_ error: PacketMetadataError) -> [LogLine.Field] {
        error.done?.id.map { [.init("PKTMETA_FIELD_ID", $0.description)] } ?? []
    }
}
