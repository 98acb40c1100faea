// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport

@testable import PacketMetadata

/// Drives Tests/Programs/contract_*.bpf.c: a script of calls on one cursor, and what each returned.
struct ContractScript {
    enum Call {
        case set(UInt32, [UInt8])
        case get(UInt32, Int)
        case isSet(UInt32)
        case clear(UInt32)
    }

    struct Result: Equatable {
        let errno: Int32
        /// What a get left in the value.
        let value: [UInt8]
    }

    static let callCount = 4
    private static let callSize = 16 + 64
    static let size = 8 + callCount * callSize

    /// The script map's value.
    static func encode(_ calls: [Call]) -> [UInt8] {
        precondition(calls.count <= callCount)
        var bytes = [UInt8](repeating: 0, count: 8)
        for index in 0..<callCount {
            bytes += index < calls.count ? encode(calls[index]) : [UInt8](repeating: 0, count: callSize)
        }
        return bytes
    }

    private static func encode(_ call: Call) -> [UInt8] {
        let (operation, id, size, value): (UInt32, UInt32, Int, [UInt8]) =
            switch call {
            case .set(let id, let value): (1, id, value.count, value)
            case .get(let id, let size): (2, id, size, [UInt8](repeating: 0xee, count: 64))
            case .isSet(let id): (3, id, 0, [])
            case .clear(let id): (4, id, 0, [])
            }
        let words = [operation, id, UInt32(size), 0].flatMap { little($0) }
        return words + value + [UInt8](repeating: 0, count: 64 - value.count)
    }

    /// What the run left in the map: the result of open, how many runs, the results of the calls.
    static func decode(_ bytes: [UInt8], _ calls: [Call]) -> (opened: Int32, runs: UInt32, results: [Result]) {
        let results = calls.indices.map { index in
            let call = Array(bytes[(8 + index * callSize)..<(8 + (index + 1) * callSize)])
            let size = Int(word(call, at: 8))
            let isGet = word(call, at: 0) == 2
            return Result(
                errno: Int32(bitPattern: word(call, at: 12)), value: isGet ? Array(call[16..<16 + min(size, 64)]) : [])
        }
        return (Int32(bitPattern: word(bytes, at: 0)), word(bytes, at: 4), results)
    }

    static func little(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    static func little(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    private static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }
}

/// The outcome of a script, on whichever hook it ran.
struct ContractOutcome {
    let opened: Int32
    let results: [ContractScript.Result]
    /// The area afterwards, and the packet; empty where the hook does not show them.
    let area: [UInt8]
    var packet: [UInt8] = []

    var errnos: [Int32] { results.map(\.errno) }
}

/// Where a script runs.
protocol ContractHarness {
    /// - Parameter area: what lies in front of the packet before: nothing, or 64 bytes.
    func run(area: [UInt8], _ calls: [ContractScript.Call]) throws -> ContractOutcome
}

/// XDP under BPF_PROG_TEST_RUN.
final class XDPHarness: ContractHarness {
    private let program: BPFProgram
    private let script: BPFMap
    var packet = [UInt8](repeating: 0x55, count: 64)

    init(_ registry: borrowing Registry, _ compiler: Fixture.Compiler) throws {
        let bytes = try Fixture.bytes(Fixture.object("contract_xdp", compiler))
        let object = try registry.load(["contract"], of: .read(bytes[...]), name: "contract")
        program = try object.program("contract")
        script = try object.map("script")
    }

    init(_ loaded: LoadedProgram) throws {
        program = try BPFProgram(id: loaded.program.id)
        script = try loaded.object.map("script")
    }

    /// Another encoding than pktmeta's: Tests/Programs/encoding.bpf.h.
    init(encoding name: String, _ compiler: Fixture.Compiler, packet: [UInt8]) throws {
        let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("encoding_\(name)", compiler)), name: "contract")
        program = try object.load(only: "contract_xdp")
        script = try object.map("script")
        self.packet = packet
    }

    func run(area: [UInt8], _ calls: [ContractScript.Call]) throws -> ContractOutcome {
        try script.update(at: 0, ContractScript.encode(calls))
        let run = try program.testRunXDP(packet: packet, metadata: area)
        let (opened, _, results) = ContractScript.decode(try script.values(at: 0)[0], calls)
        return ContractOutcome(
            opened: opened, results: results, area: Array(run.packet.prefix(run.metadataSize)),
            packet: Array(run.packet.dropFirst(run.metadataSize)))
    }
}

/// TC behind an XDP program that puts the area there, on a real packet through a veth pair.
final class TCHarness: ContractHarness {
    private let pair: VethPair
    private let links: [LinkBox]
    private let script: BPFMap
    private let area: BPFMap

    convenience init(_ registry: borrowing Registry, _ compiler: Fixture.Compiler) throws {
        let bytes = try Fixture.bytes(Fixture.object("contract_tc", compiler))
        let reader = try registry.load(["contract"], of: .read(bytes[...]), name: "contract")
        try self.init(reader.program("contract"), script: reader.map("script"), compiler)
    }

    convenience init(_ loaded: LoadedProgram, _ compiler: Fixture.Compiler) throws {
        try self.init(
            BPFProgram(id: loaded.program.id), script: loaded.object.map("script"), compiler)
    }

    convenience init(encoding name: String, _ compiler: Fixture.Compiler) throws {
        let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("encoding_\(name)", compiler)), name: "contract")
        try self.init(object.load(only: "contract_tc"), script: object.map("script"), compiler)
    }

    private init(_ contract: consuming BPFProgram, script: consuming BPFMap, _ compiler: Fixture.Compiler) throws {
        let contract = contract
        let pair = try VethPair()
        let injector = try BPFObject(bytes: Fixture.bytes(Fixture.object("inject_area", compiler)), name: "inject")
        let inject = try injector.load(only: "inject")
        links = try pair.inReceiver {
            let ifindex = try NetworkInterface(named: VethPair.far).index
            return [
                LinkBox(try BPFLink.xdp(inject, ifindex: ifindex, mode: .native)),
                LinkBox(try BPFLink.tcx(contract, ifindex: ifindex, .ingress)),
            ]
        }
        area = try injector.map("area")
        self.script = script
        self.pair = pair
    }

    struct NoPacket: Error {}

    func run(area bytes: [UInt8], _ calls: [ContractScript.Call]) throws -> ContractOutcome {
        let padded = bytes + [UInt8](repeating: 0, count: 64 - bytes.count)
        try area.update(at: 0, ContractScript.little(UInt32(bytes.count)) + [0, 0, 0, 0] + padded)
        try script.update(at: 0, ContractScript.encode(calls))
        try pair.send(1)
        guard try eventually({ try outcome(calls).runs > 0 }) else { throw NoPacket() }
        let (opened, _, results) = try outcome(calls)
        return ContractOutcome(opened: opened, results: results, area: [])
    }

    private func outcome(
        _ calls: [ContractScript.Call]
    ) throws -> (opened: Int32, runs: UInt32, results: [ContractScript.Result]) {
        ContractScript.decode(try script.values(at: 0)[0], calls)
    }
}
