// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import SystemPackage

struct StatusDocument: JSONDocument {
    let report: StatusReport

    init(_ report: StatusReport) { self.report = report }

    var value: JSONValue {
        [
            "version": .version,
            "registry": ["path": .text(report.path), "tag": .number(report.tag)],
            // Absent if this process may not see what is attached.
            "hooks": report.hooks.map { .array($0.map(\.json)) },
            // Whether others than the owner may open, and so run, what is pinned for attachments.
            "hasOpenPins": .flag(report.hasOpenPins),
            // CLOCK_REALTIME, ns, when it was read.
            "time": .number(report.time),
        ]
    }
}

extension HookStatus {
    fileprivate var json: JSONValue {
        var name: String?
        var cookie: UInt64?
        switch namespace {
        case .here: break
        case .named(let text): name = text
        case .cookie(let number): cookie = number
        }
        return [
            "interface": .text(interface),
            "ifindex": .number(ifindex),
            // Its name; absent for the namespace of the command, or if it has none.
            "netns": name.map(JSONValue.text),
            // Absent unless there is no name for it.
            "netnsCookie": cookie.map(JSONValue.number),
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
                // `native`, `generic`, `tcx`, `clsact`.
                "mode": .text(status.mode.rawValue),
                "pins": .texts([status.pins.string]),
                "state": .text(status.state.rawValue),
                "object": .text(status.object),
                "fields": .texts(status.fields),
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
