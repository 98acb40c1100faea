// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// The command pktmeta that is installed with the benchmark, as others start it.
struct OwnCommand {
    private let executable: String
    private let interface: String

    init(interface: String) throws(PacketMetadataError) {
        let program = CompanionProgram(named: "pktmeta")
        do throws(Errno) {
            executable = try program.path().string
        } catch {
            throw PacketMetadataError(ProgramRefusal(missing: program))
        }
        self.interface = interface
    }

    func command(_ arguments: [String], _ registry: FilePath? = nil) -> [[String]] {
        [[executable] + arguments + (registry.map { ["--registry", $0.string] } ?? [])]
    }

    func attach(_ registry: FilePath) -> [[String]] { command(["attach-to-interface", interface], registry) }
    func detach(_ registry: FilePath) -> [[String]] { command(["detach-from-interface", interface], registry) }

    /// A command, and the most memory that it had at a time, MiB.
    typealias Peak = (command: String, memory: Double)

    /// Of commands that work on a registry or an interface, those that take most memory: of those that end, and of those that
    /// stay until they are told to end.
    func mostMemory(registry: FilePath) throws -> (ending: Peak, staying: Peak) {
        let ending = [
            ["unregister-field", "field_1"], ["compact"], ["register-field", "field_1", "--type", "u32"],
            ["attach-to-interface", interface], ["inspect-map"], ["inspect-map", "--json"], ["status"],
            ["doctor", interface], ["export-btf", "/dev/null"], ["generate-header", "/dev/null"], ["repair"],
        ]
        let staying = [
            ["watch", interface, "--duration", "0.2"], ["inspect-map", "--watch", "0.1", "--count", "2"],
        ]
        let peaks = (try most(of: ending, registry), try most(of: staying, registry))
        _ = try most(of: [["detach-from-interface", interface]], registry)
        return peaks
    }

    private func most(of commands: [[String]], _ registry: FilePath) throws -> Peak {
        var most = (command: "", memory: 0.0)
        for arguments in commands {
            let words = command(arguments, registry)[0]
            let peak = try ChildProcess.peakMemory(of: words)
            // The doctor's exit code tells what it found.
            guard peak.status == 0 || words[1] == "doctor" else { throw Self.failure(words, peak.status) }
            let memory = Double(peak.bytes) / 1_048_576
            if memory > most.memory { most = (words[1], memory) }
        }
        return most
    }
}

extension OwnCommand {
    static func failure(_ words: [String], _ status: CInt) -> PacketMetadataError {
        PacketMetadataError(BenchmarkRefusal.commandFailed(words, status: status, output: nil))
    }
}

/// bpftool and tc, which do with several commands what this one does with one.
final class OtherTools {
    private let interface: String
    private let registry: FilePath
    private let isThere: Bool
    private let producer: MemoryFile
    private let consumer: MemoryFile
    /// No registry, but a folder that goes like one.
    private let place: TemporaryRegistry
    private let pins: (xdp: String, tc: String)

    init(interface: String, registry: FilePath) throws {
        self.interface = interface
        self.registry = registry
        isThere = ["bpftool", "tc"].allSatisfy {
            (try? ChildProcess.run([$0, $0 == "tc" ? "-V" : "version"]))?.status == 0
        }
        producer = try Self.file(of: .producer)
        consumer = try Self.file(of: .consumer)
        place = TemporaryRegistry(for: "bench-pins")
        try FolderEntry(following: place.path).makeFolder()
        pins = (place.path.appending("xdp").string, place.path.appending("tc").string)
    }

    private static func file(of object: PrebuiltObject) throws(BPFError) -> MemoryFile {
        try object.bytes.withBytes { bytes throws(BPFError) in try MemoryFile(bytes, for: "hand over an object") }
    }

    /// None if it is not there.
    func bpftool(_ arguments: [String]) -> [[String]] { isThere ? [["bpftool"] + arguments] : [] }

    func dump(_ registry: FilePath) -> [[String]] {
        bpftool(["-j", "map", "dump", "pinned", registry.appending("registry").string])
    }

    var attach: [[String]] {
        guard isThere else { return [] }
        let maps = ["registry": "pktmeta_fields", "state": "pktmeta_state"].sorted { $0.key < $1.key }
            .flatMap { ["map", "name", $0.value, "pinned", registry.appending($0.key).string] }
        return [
            ["bpftool", "prog", "load", producer.pathForOthers, pins.xdp, "type", "xdp"] + maps,
            ["bpftool", "prog", "load", consumer.pathForOthers, pins.tc, "type", "classifier"] + maps,
            ["bpftool", "net", "attach", "xdp", "pinned", pins.xdp, "dev", interface],
            ["tc", "qdisc", "add", "dev", interface, "clsact"],
            ["tc", "filter", "add", "dev", interface, "ingress", "bpf", "da", "object-pinned", pins.tc],
        ]
    }

    var detach: [[String]] {
        guard isThere else { return [] }
        return [
            ["bpftool", "net", "detach", "xdp", "dev", interface], ["tc", "qdisc", "del", "dev", interface, "clsact"],
            ["rm", pins.xdp, pins.tc],
        ]
    }
}
