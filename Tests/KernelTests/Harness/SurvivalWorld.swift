// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import TestSupport

@testable import PacketMetadata

/// The chain, devices as paths take them, and a registry: several rows take their paths there, one after the other.
final class SurvivalWorld {
    let chain: VethChain
    let fields: SurvivalFields
    private var devices: [SurvivalDevice: Result<Void, any Error>] = [:]
    private var filters: [(SurvivalRoute.Point, TCFilter, UInt32)] = []
    private var programs: [SurvivalProgram: SurvivalProgram.Loaded] = [:]

    /// What the kernel has not got: outcome ``SurvivalOutcome/absent``.
    struct Absence: Error {
        let reason: String
    }

    /// A device's script failed.
    struct NotMade: Error {
        let script, output: String
    }

    init(_ fields: SurvivalFields) throws {
        chain = try VethChain()
        self.fields = fields
    }

    func inside<Value: ~Copyable>(_ place: SurvivalRoute.Place, _ body: () throws -> Value) throws -> Value {
        switch place {
        case .near: try chain.pair.inSender(body)
        case .far: try chain.pair.inReceiver(body)
        case .onward: try chain.inOnward(body)
        }
    }

    /// Runs something in the point's namespace, with the index of its interface.
    func at<Value: ~Copyable>(_ point: SurvivalRoute.Point, _ body: (UInt32) throws -> Value) throws -> Value {
        try inside(point.place) { try body(NetworkInterface(named: point.interface).index) }
    }

    /// Makes a device, unless there is one.
    func make(_ device: SurvivalDevice) throws {
        let result = devices[device] ?? Result { try run(device) }
        devices[device] = result
        try result.get()
    }

    private func run(_ device: SurvivalDevice) throws {
        // The end's namespace gets devices from the far one.
        for (place, script) in [(SurvivalRoute.Place.far, device.far), (.near, device.near), (.onward, device.onward)]
        where !script.isEmpty {
            let onward = "onward=/proc/\(ProcessID.current)/fd/\(chain.onward.fd.raw)\n"
            let outcome = try inside(place) { try ChildProcess.run(["sh", "-ec", onward + script]) }
            guard outcome.status != 0 else { continue }
            if Self.signsOfAbsence.contains(where: outcome.output.contains) { throw Absence(reason: outcome.output) }
            throw NotMade(script: script, output: outcome.output)
        }
    }

    /// In the kernel's words.
    private static let signsOfAbsence = ["Unknown device type", "Requested AEAD algorithm not found"]

    // MARK: Programs

    /// Loads a program, unless it is loaded.
    func load(_ wanted: SurvivalProgram) throws -> SurvivalProgram.Loaded {
        let loaded = try programs[wanted] ?? SurvivalProgram.Loaded(wanted, fields.registry)
        programs[wanted] = loaded
        try loaded.reset()
        return loaded
    }

    /// Attaches a TC program behind those that are there: by TCX, or on kernels without by cls_bpf.
    func attach(_ program: borrowing BPFProgram, at point: SurvivalRoute.Point) throws -> LinkBox? {
        let direction: TrafficDirection = point.isEgress ? .egress : .ingress
        return try at(point) { ifindex in
            if SurvivalKernel.running.hasTCX { return LinkBox(try BPFLink.tcx(program, ifindex: ifindex, direction)) }
            _ = try ClsactQdisc.create(ifindex: ifindex)
            filters.append((point, try TCFilter.attach(program, ifindex: ifindex, direction), program.id))
            return nil
        }
    }

    /// Takes cls_bpf programs off.
    func detachFilters() throws {
        for (point, filter, program) in filters { try at(point) { _ in _ = try filter.detach(program) } }
        filters = []
    }
}

/// The registry of a world, and the fields of 8 bytes in its area.
final class SurvivalFields {
    let registry: Registry
    private let scratch = ScratchRegistry()
    /// In the order in which they lie in the area; where the test asked for others in front, only the one behind them.
    private(set) var fields: [RegisteredField] = []
    /// Fields in front that have values of their own: four, or none.
    private(set) var others: [(id: FieldID, value: UInt64)] = []

    /// What other fields have.
    struct Others {
        /// The registry's generation, when the fields are there already.
        var generation: UInt32?
        /// Four, by the registry's newest stamp.
        let values: (UInt64) -> [UInt64]
    }

    /// As many fields as there is room for, so that one lies at the area's end.
    init() throws {
        registry = try Registry.openOrCreate(at: scratch.path, capacity: nil)
        while let field = try? Self.register(registry, "survivor_\(fields.count)") { fields.append(field) }
        fields.sort { $0.layout.offset < $1.layout.offset }
    }

    /// One field alone, or behind four others.
    init(capacity: Int?, firstGeneration: UInt32? = nil, others: Others? = nil) throws {
        registry = try Registry.openOrCreate(at: scratch.path, capacity: capacity)
        if let firstGeneration { try registry.setGeneration(firstGeneration) }
        let ids = try others.map { _ in try (0..<4).map { try Self.register(registry, "other_\($0)").id } } ?? []
        fields = [try Self.register(registry, "survivor")]
        if let generation = others?.generation { try registry.setGeneration(generation) }
        self.others = Array(zip(ids, try others?.values(registry.newestStamp()) ?? [])).map { (id: $0, value: $1) }
    }

    func field(_ place: SurvivalRoute.FieldPlace) throws -> RegisteredField {
        struct NoField: Error {}
        guard let field = place == .first ? fields.first : fields.last else { throw NoField() }
        return field
    }

    private static func register(_ registry: borrowing Registry, _ name: String) throws -> RegisteredField {
        try registry.register(FieldDefinition(name: FieldName(name), type: .u64)).field
    }
}
