// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata

/// Where programs are attached, for people.
struct StatusRendering {
    private let report: StatusReport

    init(_ report: StatusReport) { self.report = report }

    var text: String {
        [heading, table, notes.joined(separator: "\n")].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var hooks: [HookStatus] { report.hooks ?? [] }

    private var programs: [ProgramStatus] {
        hooks.flatMap(\.entries).compactMap { if case .ours(let program) = $0 { program } else { nil } }
    }

    private var heading: String {
        let attached =
            report.hooks.map { "\(count(programs.count, "program")) attached to \(count($0.count, "hook"))" }
            ?? "what is attached is for the registry's owner alone to see"
        return "\(report.path): \(attached), tag \(hexadecimal(report.tag))"
    }

    private var table: String {
        if hooks.isEmpty { return "" }
        var table = Table(columns: [
            .text("INTERFACE"), .text("NETNS"), .text("HOOK"), .number("#"), .text("PROGRAM"), .number("ID"),
            .text("MODE"), .text("OWNER"), .text("FIELDS"), .number("SINCE"), .number("PACKETS"),
        ])
        table.rows = hooks.flatMap { hook in
            hook.entries.enumerated().map {
                [hook.interface, name(hook.namespace), hook.hook.description, "\($0 + 1)"] + cells($1)
            }
        }
        return table.text
    }

    private func cells(_ entry: HookStatus.Entry) -> [String] {
        switch entry {
        case .ours(let program):
            let mode = program.mode.rawValue + (program.state == .attached ? "" : " (\(program.state.rawValue))")
            return [
                program.program, program.programID.map(String.init) ?? "?", mode, program.object,
                program.fields.isEmpty ? "-" : program.fields.joined(separator: ","),
                age(report.time, since: program.attachedAt), program.packets.map(String.init) ?? "-",
            ]
        case .other(let program):
            return [
                program.programName ?? "?", String(program.programID),
                program.mode?.rawValue ?? program.mechanism.rawValue,
                owner(program), "-", "-", "-",
            ]
        }
    }

    private func owner(_ occupant: HookOccupant) -> String {
        if let registry = occupant.registry { return "registry \(registry)" }
        if occupant.isDispatcher { return "libxdp" }
        return occupant.pins.first.map { "others, pinned at \($0)" } ?? "others"
    }

    private func name(_ namespace: HookStatus.Namespace) -> String {
        switch namespace {
        case .here: "-"
        case .named(let name): name
        case .cookie(let cookie): "cookie \(cookie)"
        }
    }

    private var notes: [String] {
        var notes: [String] = []
        if programs.contains(where: { $0.state == .gone }) {
            notes.append("gone: its interface is, or others have detached it; the next command that writes forgets it")
        }
        if hooks.contains(where: { !$0.isComplete }) || programs.contains(where: { $0.state == .unknown }) {
            notes.append("some of it cannot be seen by this process: it takes CAP_SYS_ADMIN, and access to the pins")
        }
        if report.hasOpenPins {
            notes.append(
                "others than the owner may open what is pinned for attachments, and run the programs; pktmeta repair closes it"
            )
        }
        return notes
    }

    private func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// The time between two points in nanoseconds, in its largest unit.
func age(_ now: UInt64, since then: UInt64) -> String {
    let seconds = now > then ? (now - then) / 1_000_000_000 : 0
    return switch seconds {
    case ..<60: "\(seconds)s"
    case ..<3600: "\(seconds / 60)m"
    case ..<86400: "\(seconds / 3600)h"
    default: "\(seconds / 86400)d"
    }
}

/// As `0x0f`.
func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "0x" + (digits.count == 1 ? "0" : "") + digits
}
