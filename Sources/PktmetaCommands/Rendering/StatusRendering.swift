// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Where programs are attached, for people.
struct StatusRendering {
    private let report: StatusReport
    private let display: Display

    init(_ report: StatusReport, _ display: Display) {
        self.report = report
        self.display = display
    }

    var text: String {
        [
            heading, table, SteeringRendering(report, display).text, held, damage,
            notes.flatMap { wrapped($0, to: display.width ?? .max) }.joined(separator: "\n"),
        ].filter {
            !$0.isEmpty
        }.joined(separator: "\n\n")
    }

    private var hooks: [HookStatus] { report.hooks ?? [] }

    private var programs: [ProgramStatus] {
        hooks.flatMap(\.entries).compactMap { if case .ours(let program) = $0 { program } else { nil } }
    }

    private var heading: String {
        let attached =
            report.hooks.map { "\(programs.count.of("program")) attached to \($0.count.of("hook"))" }
            ?? "what is attached is for the registry's owner alone to see"
        let number = report.held?.count ?? 0
        let held = number == 0 ? "" : ", \(number) held by processes"
        return display.heading(report.path, attached + held)
    }

    private var table: String {
        if hooks.isEmpty { return "" }
        var table = Table(columns: [
            .text("PLACE", isCopied: true), .text("NETNS", isCopied: true), .text("HOOK"), .number("#"),
            .text("PROGRAM", isCopied: true), .number("ID"), .text("MODE", isCopied: true),
            .text("OWNER", dispensability: 1),
            .number("SINCE", dispensability: 2), .number("PACKETS", dispensability: 3),
        ])
        for hook in hooks {
            for (number, entry) in hook.entries.enumerated() {
                table.notes[table.rows.count] = notes(entry)
                table.rows.append(
                    [
                        hook.place.description, hook.place.namespace.map(name) ?? "-", hook.hook.description,
                        "\(number + 1)",
                    ] + cells(entry))
            }
        }
        return table.text(for: display)
    }

    private func cells(_ entry: HookStatus.Entry) -> [String] {
        switch entry {
        case .ours(let program):
            let state =
                program.standsAt.map { " (at \($0.priority))" }
                ?? (program.state == .attached ? "" : " (\(program.state.rawValue))")
            let mode = program.mode.rawValue + state
            return [
                program.program, program.programID.map(String.init) ?? "?", mode,
                program.isPrebuilt ? "prebuilt" : "own", age(report.time, since: program.attachedAt),
                program.packets.map(String.init) ?? "-",
            ]
        case .other(let program):
            return [
                program.programName ?? "?", String(program.programID),
                program.mode?.rawValue ?? program.mechanism.rawValue, owner(program), "-", "-",
            ]
        }
    }

    private func owner(_ occupant: HookOccupant) -> String {
        if occupant.registry != nil { return "registry" }
        return occupant.isDispatcher ? "libxdp" : "others"
    }

    /// Paths, and lists of any length.
    private func notes(_ entry: HookStatus.Entry) -> [Table.Note] {
        switch entry {
        case .ours(let program):
            var notes: [Table.Note] = []
            if !program.isPrebuilt { notes.append(Table.Note(name: "object", words: [program.object])) }
            if !program.ways.isEmpty { notes.append(Table.Note(name: "ways", words: listed(program.ways.names))) }
            if !program.declaredBy.isEmpty {
                notes.append(Table.Note(name: "declared by", words: listed(program.declaredBy)))
            }
            if !program.fields.isEmpty { notes.append(Table.Note(name: "fields", words: listed(program.fields))) }
            if let maps = program.maps, let folder = maps.first?.path.removingLastComponent() {
                let pins = maps.compactMap { $0.path.lastComponent?.string }
                notes.append(Table.Note(name: "maps", words: ["\(folder):"] + listed(pins)))
            }
            return notes
        case .other(let occupant):
            if let registry = occupant.registry { return [Table.Note(name: "registry", words: [registry.string])] }
            return occupant.pins.prefix(1).map { Table.Note(name: "pinned", words: [$0.string]) }
        }
    }

    private func listed(_ names: [String]) -> [String] {
        names.enumerated().map { $0 == names.count - 1 ? $1 : $1 + "," }
    }

    private func name(_ namespace: NamespaceLabel) -> String {
        switch namespace {
        case .here: "-"
        case .named(let name): name
        case .cookie(let cookie): "cookie \(cookie)"
        }
    }

    private var held: String {
        (report.held ?? []).map { program in
            let place = program.place.map { place in
                " on \(place.hook) of \(place.interface)"
                    + (place.namespace == .here ? "" : " in network namespace \(name(place.namespace))")
            }
            let holders = program.processes.map(\.description)
            return printable(
                "held: \(program.program) (id \(program.programID))\(place ?? ""), by \(holders.joined(separator: ", "))"
            )
        }.joined(separator: "\n")
    }

    private var damage: String {
        report.damaged.map { display.paint(printable("damaged: \($0.path): \($0.reason)"), .red) }
            .joined(separator: "\n")
    }

    private var notes: [String] {
        var notes: [String] = []
        if report.held?.isEmpty == false { notes.append("held: attached for as long as that process lives") }
        if !report.damaged.isEmpty {
            notes.append("damaged: commands that write refuse; pktmeta repair detaches it and removes its pins")
        }
        if programs.contains(where: { $0.state == .gone }) {
            notes.append(
                "gone: its interface, network namespace or cgroup is, or others have detached it; the next command that writes forgets it"
            )
        }
        if programs.contains(where: { $0.state == .deserted }) {
            notes.append(
                "deserted: no process, name, mount or socket is found that is of its network namespace, which its link alone "
                    + "seems to keep; pktmeta repair detaches it"
            )
        }
        if programs.contains(where: { $0.standsAt != nil }) {
            notes.append(
                "at another priority: others had its own when the program was replaced; pktmeta repair moves it back once that is free"
            )
        }
        if hooks.contains(where: { !$0.isComplete }) || programs.contains(where: { $0.state == .unknown }) {
            notes.append("some of it cannot be seen by this process: it takes CAP_SYS_ADMIN, and access to the pins")
        }
        notes += SteeringRendering(report, display).notes
        if report.hasOpenPins {
            notes.append(
                "others than the owner may open what is pinned there, run the programs and learn the seal; pktmeta repair "
                    + "closes it"
            )
        }
        return notes
    }

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
