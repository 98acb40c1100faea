// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// A registry in which commands are killed while packets pass, and what must be so however that went.
final class KillBench {
    let scratch = ScratchRegistry()
    let pair: VethPair
    private let traffic: BackgroundTraffic?

    /// Whether packets pass, and how fast.
    enum Rate {
        case none, paced, full
    }

    init(_ rate: Rate = .none) throws {
        pair = try VethPair()
        traffic = rate == .none ? nil : BackgroundTraffic(pair, isPaced: rate == .paced)
    }

    deinit { try? stopPackets() }

    func stopPackets() throws { _ = try traffic?.stop() }

    func run(_ arguments: [String]) throws -> CommandRun {
        let arguments = try completed(arguments)
        return try pair.inReceiver { CommandRun(arguments) }
    }

    /// Of a command that attaches to a cgroup, made when one does.
    private var cgroup: ScratchCgroup?
    static let cgroup = "CGROUP"

    /// Arguments in which the cgroup is named, with the registry.
    func completed(_ arguments: [String]) throws -> [String] {
        if arguments.contains(Self.cgroup), cgroup == nil { cgroup = try ScratchCgroup() }
        let path = cgroup?.path.string
        return arguments.map { $0 == Self.cgroup ? path ?? $0 : $0 } + ["--registry", scratch.path.string]
    }

    /// - Parameter call: see ``TracedRun``.
    func trace(_ arguments: [String], stoppingAt call: Int = 0, by signal: Int32 = SIGKILL) throws -> TracedRun {
        let arguments = try completed(arguments)
        return try pair.inReceiver { try TracedRun(arguments, stoppingAt: call, by: signal) }
    }

    /// - Parameter action: done at that call, in the same namespace.
    func trace(_ arguments: [String], at call: Int, doing action: @escaping () -> Void) throws -> TracedRun {
        let arguments = try completed(arguments)
        return try pair.inReceiver { try TracedRun(arguments, at: call, doing: action) }
    }

    struct Failed: Error {
        let command: [String]
        let exitCode: Int32
        let errors: String
    }

    /// - Parameter allowed: other exit codes than 0 that are no failure.
    func run(_ commands: [[String]], allowing allowed: [Int32] = []) throws {
        for command in commands {
            let run = try run(command)
            guard run.exitCode == 0 || allowed.contains(run.exitCode) else {
                throw Failed(command: command, exitCode: run.exitCode, errors: run.errors + run.output)
            }
        }
    }

    // MARK: What there is

    struct Field: Hashable {
        let id, offset, size: Int
    }

    /// A registry as `inspect-map` shows it.
    struct View: Equatable {
        var fields: [String: Field] = [:]
        /// What is not as it must be.
        var problems: [String] = []
        var got = 0
        /// Whether there may be no value yet of packets that are counted: a reset has another baseline for counts before values are
        /// forgotten, so that packets in between count; killed there, it leaves that to the next command.
        var isBeginningAnew = false

        var names: Set<String> { Set(fields.keys) }
    }

    /// - Returns: nil if there is no registry.
    func view(of scene: KillScene? = nil) throws -> View? {
        let run = try run(["inspect-map", "--json"])
        if run.exitCode == 66 { return nil }
        var view = View(isBeginningAnew: scene?.command.first == "reset-state")
        if run.exitCode != 0 { view.problems.append("inspect-map: exit code \(run.exitCode): \(run.output)") }
        let json = try run.json
        view.problems += (json["problems"] as? [[String: any Sendable]] ?? []).map { "\($0)" }
        for entry in json["fields"] as? [[String: any Sendable]] ?? [] { view.add(entry) }
        return view
    }

    /// The registry's folder is "."; it would be left behind empty.
    var pins: Set<String> { Set(scratch.pins).union(Folder.exists(scratch.path) ? ["."] : []) }

    /// Where something is pinned that is attached to a hook.
    func pin(_ hook: String, _ name: String) throws -> FilePath {
        let pin = pins.first { $0.hasPrefix("attachments/") && $0.contains("-\(hook)") && $0.hasSuffix("/\(name)") }
        return scratch.path.appending(try #require(pin, "\(hook), \(name): \(pins)"))
    }

    /// Programs and links of this registry that no pin names, so that nothing would ever remove them; and programs that
    /// the interfaces, netfilter or a cgroup run and no pinned link holds, or the reverse.
    ///
    /// - Parameter others: programs that the test attached by itself.
    func leaks(besides others: Set<UInt32> = []) throws -> [String] {
        let pinned = try KernelObjects(pinnedAt: scratch.pins.map { scratch.path.appending($0) })
        let kernel = try KernelObjects(using: pinned.maps)
        let byLinks = try LinkInformation.all().filter { link in
            let isElsewhere =
                switch link.kind {
                case .netfilter, .cgroup: true
                default: false
                }
            return isElsewhere && link.isAttached && kernel.programs.contains(link.programID)
        }
        let attached = try pair.inReceiver {
            let indices = try NetworkInterface.all().map(\.index)
            return try Set(indices.flatMap { index in try Hook.allCases.flatMap { try $0.programIDs(ifindex: index) } })
        }.union(byLinks.map(\.programID))
        var leaks: [String] = []
        let programs = kernel.programs.subtracting(pinned.programs).subtracting(others)
        if !programs.isEmpty { leaks.append("programs that nothing names: \(programs)") }
        let links = kernel.links.subtracting(pinned.links)
        if links.count > others.count { leaks.append("links that nothing names: \(links)") }
        if attached.subtracting(others) != pinned.linkedPrograms {
            leaks.append("hooks run \(attached), pinned links hold \(pinned.linkedPrograms)")
        }
        return leaks
    }

    var registryMap: UInt32? {
        try? BPFMap(pinnedAt: scratch.path.appending("registry"), readOnly: true).id
    }

    /// Values that bound programs found wrong, where some are attached (Tests/Programs/torture.bpf.h).
    func wrongValues() throws -> UInt64 {
        var wrong: UInt64 = 0
        for pin in scratch.pins where pin.hasSuffix("/outcomes") {
            guard let map = try? BPFMap(pinnedAt: scratch.path.appending(pin)) else { continue }
            for outcome in [2, 7] {
                wrong += try map.values(at: outcome).reduce(0) { $0 + decode($1, as: UInt64.self) }
            }
        }
        return wrong
    }
}

extension KillBench.View {
    fileprivate mutating func add(_ entry: [String: any Sendable]) {
        guard let field = entry["field"] as? [String: any Sendable], let name = field["name"] as? String,
            let id = field["id"] as? Int, let offset = field["offset"] as? Int, let size = field["size"] as? Int
        else {
            problems.append("a field that is none: \(entry)")
            return
        }
        if fields[name] != nil { problems.append("two fields named \(name)") }
        for (other, place) in fields where offset < place.offset + place.size && place.offset < offset + size {
            problems.append("\(name) and \(other) overlap")
        }
        if fields.values.contains(where: { $0.id == id }) { problems.append("two fields with id \(id)") }
        fields[name] = KillBench.Field(id: id, offset: offset, size: size)
        if let state = entry["state"] as? [String: any Sendable] { check(name, state) }
    }

    /// Each packet that carries a constant carries that constant.
    private mutating func check(_ name: String, _ state: [String: any Sendable]) {
        guard let constant = KillScene.constants[name], let got = state["got"] as? Int, got > 0 else { return }
        self.got += got
        let last = (state["last"] as? [String: any Sendable])?["number"] as? Int
        let values = [last, state["minimum"] as? Int, state["maximum"] as? Int]
        if isBeginningAnew, values == [nil, nil, nil] { return }
        if values != [constant, constant, constant] {
            problems.append("\(name): last, minimum, maximum are \(values)")
        }
    }
}
