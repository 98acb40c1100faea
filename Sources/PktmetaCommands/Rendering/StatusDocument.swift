// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import SystemPackage

struct StatusDocument: JSONDocument {
    let report: StatusReport

    init(_ report: StatusReport) { self.report = report }

    var value: JSONValue {
        [
            "version": .version,
            "registry": ["path": .text(report.path)],
            // Absent if this process may not see what is attached.
            "hooks": report.hooks.map { .array($0.map(\.json)) },
            // What is pinned for attachments and cannot be read.
            "damaged": .array(
                report.damaged.map { ["path": .text($0.path.string), "reason": .text($0.reason)] }),
            // What other processes have attached for as long as they live. Absent without CAP_SYS_ADMIN.
            "held": report.held.map { .array($0.map(\.json)) },
            // Programs that pick sockets by a field. Absent if this process may not see them.
            "steerings": report.steerings.map { .array($0.sound.map(\.json)) },
            "damagedSteerings": report.steerings.map { steerings in
                .array(steerings.damaged.map { ["path": .text($0.path.string), "reason": .text($0.reason)] })
            },
            // Whether others than the owner may open, and so run, what is pinned for attachments.
            "hasOpenPins": .flag(report.hasOpenPins),
            // CLOCK_REALTIME, ns, when it was read.
            "time": .number(report.time),
        ]
    }
}

extension NamespaceLabel {
    var name: String? { if case .named(let name) = self { name } else { nil } }
    var cookie: UInt64? { if case .cookie(let cookie) = self { cookie } else { nil } }
}

extension HeldProgram {
    fileprivate var json: JSONValue {
        [
            "program": .text(program),
            "programID": .number(programID),
            // Where it is; absent for one behind another of a chain.
            "interface": place.map { .text($0.interface) },
            // As of hooks.
            "netns": place?.namespace.name.map(JSONValue.text),
            "netnsCookie": place?.namespace.cookie.map(JSONValue.number),
            "hook": place.map { .text($0.hook.rawValue) },
            "processes": .array(
                processes.map { ["processID": .number($0.processID), "command": $0.command.map(JSONValue.text)] }),
        ]
    }
}

extension HookStatus {
    fileprivate var json: JSONValue {
        [
            // One of these, by which it is known what the hook is of.
            "interface": place.interfaceJSON,
            "netfilter": place.netfilterJSON,
            "cgroup": place.cgroupJSON,
            // Of an interface.
            "ifindex": ifindex.map(JSONValue.number),
            // Its name; absent for the namespace of the command, if it has none, and of cgroups.
            "netns": place.namespace?.name.map(JSONValue.text),
            // Absent unless there is no name for it.
            "netnsCookie": place.namespace?.cookie.map(JSONValue.number),
            "hook": .text(hook.rawValue),
            // Whether all that is there could be seen.
            "isComplete": .flag(isComplete),
            // In the order in which they run.
            "programs": .array(entries.map(\.json)),
        ]
    }
}

extension HookStatus.Entry {
    fileprivate var json: JSONValue {
        switch self {
        case .ours(let status):
            [
                "isOurs": .flag(true),
                "program": .text(status.program),
                "programID": status.programID.map(JSONValue.number),
                "linkID": status.linkID.map(JSONValue.number),
                // `native`, `generic`, `tcx`, `clsact`, `link`, `defragmenting`.
                "mode": .text(status.mode.rawValue),
                "pins": .texts([status.pins.string]),
                "state": .text(status.state.rawValue),
                // Of netfilter, the priority at which it is while others have that of its hook.
                "standsAtPriority": status.standsAt.map { .number(Int($0.priority)) },
                "object": .text(status.object),
                "fields": .texts(status.fields),
                // Of the prebuilt programs that answer sockets; absent of others.
                "ways": status.ways.isEmpty ? nil : .texts(status.ways.names),
                // Whose document declares that it is attached; absent if none does.
                "declaredBy": status.declaredBy.isEmpty ? nil : .array(status.declaredBy.map(JSONValue.text)),
                // Those of its own, which keep what they hold when the program is loaded anew. Absent if this process may
                // not look.
                "maps": status.maps.map { maps in
                    .array(maps.map { ["name": .text($0.name), "path": .text($0.path.string)] })
                },
                // CLOCK_REALTIME, ns.
                "attachedAt": .number(status.attachedAt),
                "packets": status.packets.map(JSONValue.number),
            ]
        case .other(let occupant):
            [
                "isOurs": .flag(false),
                "program": occupant.programName.map(JSONValue.text),
                "programID": .number(occupant.programID),
                "linkID": occupant.linkID.map(JSONValue.number),
                // How it is attached.
                "mode": .text(occupant.mode?.rawValue ?? occupant.mechanism.rawValue),
                "pins": .texts(occupant.pins.map(\.string)),
                "registry": occupant.registry.map { .text($0.string) },
                "isDispatcher": .flag(occupant.isDispatcher),
            ]
        }
    }
}
