// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// What a trace shows under this kernel, and what it does not.
struct TraceNotes {
    let stations: [TraceStation]
    let missing: [TraceStation]
    let functionsRefused: PacketMetadataError?
    let hasDropReasons: Bool

    init(_ stream: TraceStream) {
        stations = stream.stations
        missing = stream.missingStations
        functionsRefused = stream.functionsRefused
        hasDropReasons = stream.hasDropReasons
    }

    /// For people.
    var lines: [String] {
        var lines = ["stations: " + stations.map(\.words).joined(separator: ", ")]
        if let functionsRefused {
            lines.append(
                "not shown: IP input, forwarding and output, netfilter's hooks, TCP, UDP, bridges and tunnels, which take a kernel with "
                    + "kprobe.multi (Linux 5.18, CONFIG_FPROBE): \(functionsRefused.reason)")
        } else if !missing.isEmpty {
            lines.append(
                "not shown, because this kernel has none that can be traced: "
                    + missing.map(\.words).joined(separator: ", "))
        }
        lines.append("shown by no kernel: what XDP and TC programs say of packets, but that TC drops them")
        if !hasDropReasons { lines.append("this kernel does not say why it drops packets (Linux 5.17): only where") }
        return lines
    }
}

extension TraceStation {
    /// With what tells of it.
    fileprivate var words: String {
        switch source {
        case .tracepoint(let tracepoint): "\(name) (tracepoint \(tracepoint))"
        case .function: "\(name)()"
        }
    }

    fileprivate var json: JSONValue {
        switch source {
        case .tracepoint(let tracepoint): ["name": .text(name), "tracepoint": .text(tracepoint)]
        case .function(let function): ["name": .text(name), "function": .text(function)]
        }
    }
}

/// The first line of `trace --json`.
struct TraceNotesDocument: JSONDocument {
    let notes: TraceNotes

    var value: JSONValue {
        [
            "version": .version,
            "stations": .array(notes.stations.map(\.json)),
            "missing": .array(notes.missing.map(\.json)),
            "hasDropReasons": .flag(notes.hasDropReasons),
        ]
    }
}
