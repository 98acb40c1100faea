// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// What a trace shows under this kernel, and what it does not.
struct TraceNotes {
    let stations: [TraceStation]
    let missing: [TraceStation]
    private let areFunctionsRefused: Bool
    let hasDropReasons: Bool

    init(_ stream: TraceStream) {
        stations = stream.stations
        missing = stream.missingStations
        areFunctionsRefused = stream.functionsRefused != nil
        hasDropReasons = stream.hasDropReasons
    }

    /// For people.
    var lines: [String] {
        let functions = stations.count { $0.isFunction }
        var lines = [
            "stations: " + stations.filter { !$0.isFunction }.map(\.words).joined(separator: ", ")
                + (functions == 0 ? "" : ", and \(functions.of("function")) of the kernel, which --json lists")
        ]
        if areFunctionsRefused {
            lines.append(
                "no stations between receive and queue, as of IP and netfilter: no kprobe.multi (Linux 5.18, CONFIG_FPROBE)"
            )
            lines.append("no station tells that a datagram in one piece is read: it may be freed long after")
        } else if !missing.isEmpty {
            lines.append("not in this kernel: " + missing.map(\.words).joined(separator: ", "))
        }
        lines.append("shown by no kernel: what XDP and TC programs say of packets, but that TC drops them")
        if !hasDropReasons { lines.append("this kernel does not say why it drops packets (Linux 5.17): only where") }
        return lines
    }
}

extension TraceStation {
    fileprivate var isFunction: Bool {
        if case .function = source { true } else { false }
    }

    fileprivate var words: String {
        switch source {
        case .tracepoint: name
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
