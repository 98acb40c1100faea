// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// A path with its sender, the producer where packets come in, and readers of a field that nobody sets.
final class ForgeryScene {
    private let path: ForgeryPath
    private let chain: VethChain
    private let scratch = ScratchRegistry()
    private let registry: Registry
    private let reader: LoadedProgram
    private var link: LinkBox?

    private static let wanted: UInt16 = 0xbeef

    init(_ path: ForgeryPath) throws {
        self.path = path
        chain = try VethChain()
        registry = try Self.registry(for: path, at: scratch)
        reader = try Self.reader(registry)
        try prepare()
        link =
            path.point.isInNextNamespace
            ? try chain.inOnward { try Self.attach(reader, at: path.point) }
            : try chain.pair.inReceiver { try Self.attach(reader, at: path.point) }
    }

    private func prepare() throws {
        try chain.pair.inReceiver {
            try path.prepare()
            _ = try registry.attach(AttachmentRequest(xdp: .programs([.prebuilt])), to: [VethPair.far])
        }
    }

    private static func registry(for path: ForgeryPath, at scratch: ScratchRegistry) throws -> Registry {
        let registry = try Registry.openOrCreate(at: scratch.path, capacity: 64)
        for field in path.fields {
            let type = try FieldType(field.type)
            let source = try FieldSource(field.name == "copied" ? "payload:42" : "none", type: type)
            let made = try registry.register(
                FieldDefinition(name: FieldName(field.name), type: type, source: source)
            ).field
            try #require(made.layout.offset == field.offset)
        }
        return registry
    }

    private static func reader(_ registry: borrowing Registry) throws -> LoadedProgram {
        let loader = ProgramLoader(
            try ObjectFile(path: Fixture.object("forgery_tc")), image: try registry.image(), isStrict: true,
            isRenewed: false)
        let constants = ["wanted_value": encode(wanted)]
        return try loader.load(
            loader.inspect(nil, for: .tcIngress), in: registry, ProgramLoader.Terms(constants: constants))
    }

    private static func attach(_ reader: LoadedProgram, at point: ForgeryPath.Point) throws -> LinkBox {
        let index = try NetworkInterface(named: point.interface).index
        return LinkBox(
            point.isEgress
                ? try BPFLink.tcx(reader.program, ifindex: index, .egress)
                : try BPFLink.tcx(reader.program, ifindex: index, .ingress))
    }

    // MARK: The attack

    /// What the reader got: `struct seen` of Tests/Programs/forgery_tc.bpf.c.
    struct Outcome: CustomStringConvertible {
        /// Packets with metadata.
        var packets: UInt64 = 0
        /// Values, each of them forged.
        var byID: UInt64 = 0
        var bound: UInt64 = 0
        /// Values that are what the sender wanted.
        var wanted: UInt64 = 0
        var seconds = 0.0

        var values: UInt64 { byID + bound }
        var description: String {
            "\(packets) packets with metadata, \(values) values, \((10 * seconds).rounded() / 10) s"
        }
    }

    struct NoPacketArrives: Error {
        let outcome: Outcome
    }

    /// Sends until the reader has seen so many packets with metadata: a queue may lose some on the way.
    ///
    /// - Parameter knowingTheSeal: else the sender knows all but that: each area has the right generation and a random seal.
    func attack(_ count: UInt64, knowingTheSeal: Bool) throws -> Outcome {
        let sender = try ForgingSender(
            path, seal: registry.seal(), stamp: registry.newestStamp(), knowingTheSeal, wanting: Self.wanted,
            from: chain.pair)
        let (before, start) = (try outcome(), ContinuousClock.now)
        var now = before
        while now.packets < before.packets + count {
            try sender.send(Int(min(before.packets + count - now.packets, 200_000)))
            let last = now.packets
            guard try eventually({ try outcome().packets > last }) else { throw NoPacketArrives(outcome: now) }
            now = try settled()
        }
        let time = (ContinuousClock.now - start) / .seconds(1)
        return Outcome(
            packets: now.packets - before.packets, byID: now.byID - before.byID, bound: now.bound - before.bound,
            wanted: now.wanted - before.wanted, seconds: time)
    }

    /// When no more packets arrive.
    private func settled() throws -> Outcome {
        var outcome = try outcome()
        while true {
            Pause.sleep(milliseconds: 20)
            try waitForRunningPrograms()
            let later = try self.outcome()
            if later.packets == outcome.packets { return later }
            outcome = later
        }
    }

    private func outcome() throws -> Outcome {
        let words = SurvivalSeen.words(try reader.object.map("seen").values(at: 0)[0])
        return Outcome(packets: words[0], byID: words[1], bound: words[2], wanted: words[3])
    }
}

/// Sends a path's packets as fast as the kernel takes them.
private final class ForgingSender {
    private let frame: [UInt8]
    private let program: BPFProgram
    private let pair: VethPair

    init(
        _ path: ForgeryPath, seal: Seal, stamp: UInt64, _ knowsSeal: Bool, wanting value: UInt16, from pair: VethPair
    ) throws {
        let frame = path.frame(wanting: value)
        let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("forgery_sender")), name: "forgery")
        let index = try pair.inSender { try NetworkInterface(named: VethPair.near).index }
        _ = object.setConstant("sender_ifindex", to: encode(index))
        _ = object.setConstant("known_header", to: encode(seal.header))
        _ = object.setConstant("known_stamp", to: encode(stamp))
        _ = object.setConstant("knows_seal", to: [knowsSeal ? 1 : 0])
        _ = object.setConstant("header_at", to: encode(UInt32(frame.headerAt)))
        _ = object.setConstant("stamp_at", to: encode(UInt32(frame.stampAt)))
        _ = object.setConstant("life", to: Array(frame.bytes[22..<26]))
        program = try object.load(only: path.sender)
        self.frame = frame.bytes
        self.pair = pair
    }

    func send(_ count: Int) throws {
        _ = try pair.inSender { try program.testRunLiveFrames(packet: frame, count: count) }
    }
}
