// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport

@testable import PacketMetadata

/// A row's path, built: interfaces, programs, and a registry with the field.
final class SurvivalBench {
    let chain: VethChain
    let registry: Registry
    let field: RegisteredField
    private let scratch = ScratchRegistry()
    private let route: SurvivalRoute
    private let mode: XDPMode
    private let reader: Loaded
    private var stamp, change, passer: Loaded?
    private var links: [LinkBox] = []
    private var tap: PacketTap?

    /// A loaded program, and its object for the maps.
    private final class Loaded {
        let object: BPFObject
        let program: BPFProgram

        init(_ object: consuming BPFObject, _ name: String) throws {
            program = try object.load(only: name)
            self.object = object
        }
    }

    /// What other fields have, if the route's stamp sets others.
    struct Others {
        /// The registry's generation, when the fields are there already.
        var generation: UInt32?
        /// Four, by the registry's newest stamp.
        let values: (UInt64) -> [UInt64]
    }

    init(
        _ route: SurvivalRoute, _ mode: XDPMode, amount: Int32 = 0, capacity: Int? = nil,
        firstGeneration: UInt32? = nil, others: Others? = nil
    ) throws {
        self.route = route
        self.mode = mode
        chain = try VethChain()
        registry = try Registry.openOrCreate(at: scratch.path, capacity: capacity)
        if let firstGeneration { try registry.setGeneration(firstGeneration) }
        var otherFields: [RegisteredField] = []
        if others != nil {
            for index in 0..<4 { otherFields.append(try Self.register(registry, "other_\(index)")) }
        }
        field = try Self.register(registry, "survivor")
        if let generation = others?.generation { try registry.setGeneration(generation) }
        let otherValues = try others?.values(registry.newestStamp()) ?? []
        let constants = SurvivalConstants(
            id: field.id, markerAt: route.markerAt, amount: amount, pushed: route.pushed,
            target: try chain.pair.inReceiver { try NetworkInterface(named: VethChain.out).index },
            others: Array(zip(otherFields.map(\.id), otherValues)))
        reader = try Loaded(constants.object("survival_tc", registry), "read")
        if let name = route.stamp {
            let variant = name.rawValue + (route.frags ?? (mode == .native) ? "_frags" : "")
            stamp = try Loaded(constants.object("survival_xdp", registry), variant)
        }
        if let name = route.change { change = try Loaded(constants.object("survival_change", registry), name) }

        try chain.makeTunnels(for: route.traffic)
        try prepareEnd(constants)
        try attachStamp(constants.target)
        if let change { try attach(change, at: route.changeAt) }
        try attach(reader, at: route.reader)
        if route.tap { tap = try chain.pair.inReceiver { try PacketTap() } }
    }

    private static func register(_ registry: borrowing Registry, _ name: String) throws -> RegisteredField {
        try registry.register(FieldDefinition(name: FieldName(name), type: .u64)).field
    }

    private func prepareEnd(_ constants: SurvivalConstants) throws {
        if route.endGRO { try enableEndGRO() }
        guard let mode = route.endXDP else { return }
        let loaded =
            route.endOpens
            ? try Loaded(constants.object("survival_xdp", registry), "open_only")
            : try Loaded(BPFObject(bytes: Fixture.bytes(Fixture.object("foreign")), name: "foreign"), "foreign")
        passer = loaded
        try chain.inOnward {
            let ifindex = try NetworkInterface(named: VethChain.end).index
            links.append(LinkBox(try BPFLink.xdp(loaded.program, ifindex: ifindex, mode: mode)))
        }
    }

    private func attachStamp(_ target: UInt32) throws {
        guard let stamp else { return }
        if route.stamp == .toDevice {
            // The kernel looks the index up in this thread's namespace.
            try chain.pair.inReceiver { try stamp.object.map("devices").update(at: 0, ContractScript.little(target)) }
        }
        if route.stamp == .toCPU {
            try stamp.object.map("cpus").update(at: 0, ContractScript.little(UInt32(192)))  // packets in its queue
        }
        try chain.pair.inReceiver {
            let ifindex = try NetworkInterface(named: VethPair.far).index
            links.append(LinkBox(try BPFLink.xdp(stamp.program, ifindex: ifindex, mode: mode)))
        }
    }

    private func attach(_ loaded: Loaded, at point: SurvivalRoute.Point) throws {
        try chain.at(point) { ifindex in
            links.append(
                LinkBox(
                    try point.isEgress
                        ? BPFLink.tcx(loaded.program, ifindex: ifindex, .egress)
                        : BPFLink.tcx(loaded.program, ifindex: ifindex, .ingress)))
        }
    }

    // MARK: What happens

    func send(_ count: Int) throws {
        switch route.traffic {
        case .datagrams: try chain.pair.send(count)
        case .forwarded: try chain.pair.send(count, to: VethChain.endAddress)
        case .tunnelled: try chain.pair.send(count, to: VethChain.tunnelAddress)
        case .bridged: try chain.pair.send(count, to: VethChain.bridgedAddress)
        case .toTun: try chain.pair.send(count, to: VethChain.tunAddress)
        case .intoTunnel: try chain.pair.send(count, to: VethChain.onwardTunnelAddress)
        case .stream:
            try chain.pair.inReceiver { try VethPair.setOffloads(VethPair.far, "gro on") }
            // Else the sender makes packets that look merged.
            try chain.pair.inSender { try VethPair.setOffloads(VethPair.near, "tso off gso off") }
            try TCPTransfer.run(2 << 20, over: chain.pair)
        }
    }

    func enableEndGRO() throws {
        try chain.inOnward { try VethPair.setOffloads(VethChain.end, "gro on") }
    }

    func seen() throws -> SurvivalSeen { try SurvivalSeen(reader.object.map("seen").values(at: 0)[0]) }

    /// Packets that the XDP program set the field on, and packets that it could not set it on.
    func stamped() throws -> (set: UInt64, notSet: UInt64) { try counts("stamped", of: stamp) }

    /// Packets that the TC program before the reader changed, and packets that the kernel did not let it change.
    func changed() throws -> (changed: UInt64, unchanged: UInt64) { try counts("changed", of: change) }

    /// Takes a packet from the tap, if there is one.
    func tapHasSeenPacket() -> Bool { tap?.hasSeenPacket() ?? false }

    private func counts(_ map: String, of loaded: Loaded?) throws -> (UInt64, UInt64) {
        guard let loaded else { return (0, 0) }
        let map = try loaded.object.map(map)
        return try (SurvivalSeen.words(map.values(at: 0)[0])[0], SurvivalSeen.words(map.values(at: 1)[0])[0])
    }
}

/// What the reader has seen: `struct seen` in Tests/Programs/survival_tc.bpf.c.
struct SurvivalSeen: Equatable {
    let packets, opened, right, wrong, fault, noEntry, other, merged, metadata, headless, wrongValue, stamped: UInt64

    init(_ bytes: [UInt8]) {
        let words = Self.words(bytes)
        (packets, opened, right) = (words[0], words[1], words[2])
        (wrong, fault, noEntry) = (words[3], words[4], words[5])
        (other, merged, metadata) = (words[6], words[7], words[8])
        (headless, wrongValue, stamped) = (words[9], words[10], words[11])
    }

    static func words(_ bytes: [UInt8]) -> [UInt64] {
        stride(from: 0, to: bytes.count, by: 8).map { at in
            (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) }
        }
    }
}

/// What the test programs are told before they are loaded.
struct SurvivalConstants {
    let id: FieldID
    let markerAt: Int32
    var amount: Int32 = 0
    var pushed: Int32 = 0
    var target: UInt32 = 0
    /// Four, or none.
    var others: [(id: FieldID, value: UInt64)] = []

    func object(_ name: String, _ registry: borrowing Registry) throws -> BPFObject {
        let object = try registry.objectOfOthers(Fixture.object(name), name: "survival")
        _ = object.setConstant("survivor_id", to: ContractScript.little(id.rawValue))
        _ = object.setConstant("marker_at", to: ContractScript.little(UInt32(bitPattern: markerAt)))
        _ = object.setConstant("amount", to: ContractScript.little(UInt32(bitPattern: amount)))
        _ = object.setConstant("pushed", to: ContractScript.little(UInt32(bitPattern: pushed)))
        _ = object.setConstant("target", to: ContractScript.little(target))
        _ = object.setConstant("other_ids", to: others.flatMap { ContractScript.little($0.id.rawValue) })
        _ = object.setConstant("other_values", to: others.flatMap { ContractScript.little($0.value) })
        return object
    }
}

extension SurvivalRoute.Point {
    var isEgress: Bool { [.nearEgress, .outEgress, .tunEgress].contains(self) }
}

extension VethChain {
    static let tunnelAddress: [UInt8] = [203, 0, 113, 2]
    static let onwardTunnelAddress: [UInt8] = [203, 0, 113, 130]
    static let bridgedAddress: [UInt8] = [203, 0, 113, 4]
    static let tunAddress: [UInt8] = [203, 0, 113, 194]

    /// Runs something in the point's namespace, with the index of its interface.
    func at(_ point: SurvivalRoute.Point, _ body: (UInt32) throws -> Void) throws {
        switch point {
        case .nearEgress: try pair.inSender { try body(NetworkInterface(named: VethPair.near).index) }
        case .farIngress: try pair.inReceiver { try body(NetworkInterface(named: VethPair.far).index) }
        case .outEgress: try pair.inReceiver { try body(NetworkInterface(named: Self.out).index) }
        case .endIngress: try inOnward { try body(NetworkInterface(named: Self.end).index) }
        case .tunnelIngress: try pair.inReceiver { try body(NetworkInterface(named: "tunnel0").index) }
        case .tunEgress: try pair.inReceiver { try body(NetworkInterface(named: "tun0").index) }
        }
    }

    /// VXLAN over the first pair, or from the far end over the second; static neighbours, so nothing is sent by itself.
    func makeTunnels(for traffic: SurvivalRoute.Traffic) throws {
        switch traffic {
        case .tunnelled: try makeTunnelBetweenEnds()
        case .bridged:
            try makeTunnelBetweenEnds()
            try pair.inSender {
                try VethPair.ip("neigh replace 203.0.113.4 lladdr \(Self.endMAC) dev tunnel0 nud permanent")
            }
            try pair.inReceiver { try Self.bridge(["tunnel0", Self.out]) }
        case .toTun: try pair.inReceiver { try Self.makeTun("203.0.113.193/26") }
        case .intoTunnel:
            try pair.inReceiver {
                try Self.makeTunnel("198.51.100.1", "198.51.100.2", "203.0.113.129/25", "203.0.113.130")
            }
        default: break
        }
    }

    private func makeTunnelBetweenEnds() throws {
        try pair.inSender { try Self.makeTunnel("192.0.2.1", "192.0.2.2", "203.0.113.1/25", "203.0.113.2") }
        try pair.inReceiver { try Self.makeTunnel("192.0.2.2", "192.0.2.1", "203.0.113.2/25", "203.0.113.1") }
    }

    /// Joins interfaces of this thread's namespace.
    static func bridge(_ ports: [String]) throws {
        try VethPair.ip("link add bridge0 type bridge mcast_snooping 0")  // or it sends reports of its own
        for port in ports { try VethPair.ip("link set \(port) master bridge0") }
        try VethPair.ip("link set bridge0 up")
    }

    /// A device without Ethernet header, which nobody reads from.
    static func makeTun(_ address: String) throws {
        try VethPair.ip("tuntap add dev tun0 mode tun")
        try VethPair.ip("address add \(address) dev tun0")
        try VethPair.ip("link set tun0 up")
    }

    private static func makeTunnel(_ local: String, _ remote: String, _ address: String, _ peer: String) throws {
        let host = address.prefix { $0 != "/" }.split(separator: ".").compactMap { UInt8($0) }.last ?? 0
        try VethPair.ip(
            "link add tunnel0 address \(mac(host)) type vxlan id 7 dstport 4789 local \(local) remote \(remote)")
        try VethPair.ip("address add \(address) dev tunnel0")
        try VethPair.ip("link set tunnel0 up")
        let peerHost = peer.split(separator: ".").compactMap { UInt8($0) }.last ?? 0
        try VethPair.ip("neigh replace \(peer) lladdr \(mac(peerHost)) dev tunnel0 nud permanent")
    }

    private static func mac(_ host: UInt8) -> String {
        "02:00:00:00:01:" + String(UInt16(host) | 0x100, radix: 16).dropFirst()
    }
}
