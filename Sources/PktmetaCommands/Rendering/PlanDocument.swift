// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// How a host differs from its declaration, or what was done about it.
struct PlanDocument: JSONDocument {
    let plan: HostPlan
    /// Whether it was done.
    let isDone: Bool

    init(_ plan: HostPlan, isDone: Bool) { (self.plan, self.isDone) = (plan, isDone) }

    var value: JSONValue {
        [
            "version": .version,
            "registry": .text(plan.registry.string),
            "isDone": .flag(isDone),
            "isFulfilled": .flag(plan.isFulfilled),
            "settings": .array(plan.settings.map(\.json)),
            "fields": .array(plan.fields.map(\.json)),
            "programs": .array(plan.programs.map(\.json)),
            "absences": .array(plan.absences.map(\.json)),
            "renewedAttachments": .number(plan.renewed),
        ]
    }
}

extension SettingChange {
    fileprivate var json: JSONValue {
        switch self {
        case .create(let capacity): ["setting": .text("registry"), "capacity": capacity.map(JSONValue.number)]
        case .capacity(let old, let new):
            ["setting": .text("capacity"), "from": .number(old), "to": .number(new)]
        case .statistics(let old, let new):
            ["setting": .text("statistics"), "from": .text(old.rawValue), "to": .text(new.rawValue)]
        case .access: ["setting": .text("access")]
        }
    }
}

extension FieldChange {
    fileprivate var json: JSONValue {
        var (word, from): (String, Int?) = ("register", nil)
        switch kind {
        case .register: break
        case .replace: word = "replace"
        case .move(let offset): (word, from) = ("move", offset)
        case .unregister: word = "unregister"
        case .undeclared: word = "undeclared"
        case .claim: word = "claim"
        case .withdraw: word = "withdraw"
        }
        return [
            "change": .text(word),
            "name": .text(definition.name.text),
            "type": .text(definition.type.description),
            "offset": .number(offset),
            "fromOffset": from.map(JSONValue.number),
            "owner": .text(owner),
            "declaredAt": place.map(\.json),
        ]
    }
}

extension ProgramChange {
    fileprivate var json: JSONValue {
        [
            "change": .text(kind.rawValue),
            "interface": site.interfaceJSON,
            "netfilter": site.netfilterJSON,
            "cgroup": site.cgroupJSON,
            "netns": site.namespace?.name.map(JSONValue.text),
            "netnsCookie": site.namespace?.cookie.map(JSONValue.number),
            "hook": .text(hook.rawValue),
            "program": .text(program),
            "object": .text(object),
            "owner": .text(owner),
            "declaredAt": place.map(\.json),
        ]
    }
}

extension Absence {
    fileprivate var json: JSONValue { ["text": .text(kind.words), "declaredAt": place.map(\.json)] }
}

extension DocumentPlace {
    fileprivate var json: JSONValue {
        ["file": .text(file), "line": .number(line), "column": .number(column)]
    }
}
