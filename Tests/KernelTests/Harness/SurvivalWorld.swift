// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import TestSupport
import Testing

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
    /// The field that packets carry.
    let survivor: RegisteredField
    /// Fields in front of that with values of their own: four, or none.
    let others: [(id: FieldID, value: UInt64)]
    private let scratch = ScratchRegistry()

    /// As many fields as there is room for, the survivor last: what is put in front of the packet would get to that one first.
    init() throws {
        registry = try Registry.openOrCreate(at: scratch.path, capacity: nil)
        var fields: [RegisteredField] = []
        while let field = try? Self.register(registry, "survivor_\(fields.count)") { fields.append(field) }
        survivor = try #require(fields.max { $0.layout.offset < $1.layout.offset })
        others = []
    }

    /// The survivor alone, at the area's start.
    init(capacity: Int) throws {
        registry = try Registry.openOrCreate(at: scratch.path, capacity: capacity)
        survivor = try Self.register(registry, "survivor")
        others = []
    }

    /// The survivor behind four others, at byte 40 of an area of 64.
    ///
    /// - Parameters:
    ///   - stamp: the registry's newest, if the test chooses it.
    ///   - values: of the others, by the seal's half in the header and the newest stamp.
    init(stamp: UInt64? = nil, others values: (UInt32, UInt64) -> [UInt64]) throws {
        let made = try Registry.openOrCreate(at: scratch.path, capacity: 64)
        let header = try made.seal().header
        if let stamp {
            registry = try made.with(seal: Seal(header: header, tag: UInt32(stamp >> 16)))
            try registry.setGeneration(UInt32(stamp & 0xffff))
        } else {
            registry = made
        }
        var ids: [FieldID] = []
        for number in 0..<4 { ids.append(try Self.register(registry, "other_\(number)").id) }
        survivor = try Self.register(registry, "survivor")
        let newest = try registry.newestStamp()
        others = Array(zip(ids, values(header, newest))).map { (id: $0, value: $1) }
        try #require(survivor.layout.offset == 40 && (stamp == nil || newest == stamp))
    }

    private static func register(_ registry: borrowing Registry, _ name: String) throws -> RegisteredField {
        try registry.register(FieldDefinition(name: FieldName(name), type: .u64)).field
    }
}
