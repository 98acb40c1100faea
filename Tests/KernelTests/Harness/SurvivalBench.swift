// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport

@testable import PacketMetadata

/// A row's path, built in a world: devices, programs, and what is sent.
final class SurvivalBench {
    let world: SurvivalWorld
    private let route: SurvivalRoute
    private let mode: XDPMode
    private let reader: SurvivalProgram.Loaded
    private let stamp, change: SurvivalProgram.Loaded?
    private var links: [LinkBox] = []
    private var stampLink, endLink: LinkBox?
    private var tap: PacketTap?

    /// - Throws: ``SurvivalWorld/Absence`` if the kernel lacks what the path leads through.
    init(_ route: SurvivalRoute, _ mode: XDPMode, amount: Int32 = 0, in world: SurvivalWorld) throws {
        self.route = route
        self.mode = mode
        self.world = world
        if let device = route.device { try world.make(device) }
        if route.frags == true, !kernelTakesFragments { throw SurvivalWorld.Absence(reason: "no xdp.frags") }
        let target = try world.at(.egress(route.target)) { $0 }
        let programs = SurvivalPrograms(
            route: route, mode: mode, amount: amount, id: world.fields.survivor.id, target: target,
            others: world.fields.others)
        reader = try world.load(programs.reader)
        stamp = try programs.stamp.map(world.load)
        change = try programs.change.map(world.load)
        do {
            try prepareEnd(programs)
            try attachStamp(target)
            if let change { try attach(change, at: route.changeAt) }
            try attach(reader, at: route.reader)
            if route.tap { tap = try world.inside(.far) { try PacketTap() } }
        } catch {
            try? end()
            throw error
        }
    }

    private func prepareEnd(_ programs: SurvivalPrograms) throws {
        if route.endGRO { try setGRO("on", of: .endIngress) }
        guard let mode = route.endXDP else { return }
        endLink = try attach(
            world.load(route.endOpens ? programs.opener : SurvivalProgram.passer), at: .endIngress, mode)
    }

    private func attachStamp(_ target: UInt32) throws {
        guard let stamp else { return }
        if route.stamp == .toDevice {
            // The kernel looks the index up in this thread's namespace.
            try world.inside(.far) { try stamp.object.map("devices").update(at: 0, ContractScript.little(target)) }
        }
        if route.stamp == .toCPU {
            try stamp.object.map("cpus").update(at: 0, ContractScript.little(UInt32(192)))  // packets in its queue
        }
        stampLink = try attach(stamp, at: route.stampAt, mode)
    }

    @discardableResult
    private func attach(
        _ loaded: SurvivalProgram.Loaded, at point: SurvivalRoute.Point, _ mode: XDPMode
    ) throws -> LinkBox {
        let link = try world.at(point) { LinkBox(try BPFLink.xdp(loaded.program, ifindex: $0, mode: mode)) }
        links.append(link)
        return link
    }

    private func attach(_ loaded: SurvivalProgram.Loaded, at point: SurvivalRoute.Point) throws {
        if let link = try world.attach(loaded.program, at: point) { links.append(link) }
    }

    /// Leaves the world as it was, for the next row.
    func end() throws {
        // A child that another test has just begun may still have their descriptors.
        for link in links { try? link.link.detach() }
        tap = nil
        try world.detachFilters()
        if case .stream = route.traffic {
            try setGRO("off", of: .farIngress)
            try world.inside(.near) { try VethPair.setOffloads(VethPair.near, "tso on gso on") }
        }
        if route.endGRO { try setGRO("off", of: .endIngress) }
    }

    // MARK: What happens

    func send(_ count: Int) throws {
        let pair = world.chain.pair
        switch route.traffic {
        case .datagrams(let address): try pair.send(count, to: SurvivalPacket.address(address))
        case .loopback:
            try world.inside(.far) {
                let sender = try UDPSender(to: [127, 0, 0, 1], port: VethPair.port)
                for number in 0..<count { try sender.send(SurvivalPacket.payload(number)) }
            }
        case .segmentRouting:
            try pair.inSender {
                let sender = try FrameSender(VethPair.near)
                for number in 0..<count { try sender.send(SurvivalPacket.segmentRouting(number)) }
            }
        case .tunnelWithOptions:
            try pair.inSender {
                let sender = try RawIPSender()
                for number in 0..<count { try sender.send(SurvivalPacket.tunnelWithOptions(number)) }
            }
        case .taggedTunnel:
            try pair.inSender {
                let sender = try FrameSender("vxlan1")
                for number in 0..<count { try sender.send(SurvivalPacket.tagged(number)) }
            }
        case .stream:
            try setGRO("on", of: .farIngress)
            // Else the sender makes packets that look merged.
            try pair.inSender { try VethPair.setOffloads(VethPair.near, "tso off gso off") }
            try TCPTransfer.run(2 << 20, over: pair)
        }
    }

    /// Takes away what packets do not arrive for: a redirect to a CPU, or that the end of the chain does not poll, which it does
    /// if it has native XDP.
    func letPacketsArrive() throws {
        if route.stamp == .toCPU {
            try stampLink?.link.detach()
        } else {
            try endLink?.link.detach()
            try attach(world.load(.passer), at: .endIngress, .native)
        }
    }

    private func setGRO(_ state: String, of point: SurvivalRoute.Point) throws {
        try world.inside(point.place) { try VethPair.setOffloads(point.interface, "gro \(state)") }
    }

    func seen() throws -> SurvivalSeen { try SurvivalSeen(reader.object.map("seen").values(at: 0)[0]) }

    /// Packets that the XDP program set the field on, and packets that it could not set it on.
    func stamped() throws -> (set: UInt64, notSet: UInt64) { try counts("stamped", of: stamp) }

    /// Packets that the TC program before the reader changed, and packets that the kernel did not let it change.
    func changed() throws -> (changed: UInt64, unchanged: UInt64) { try counts("changed", of: change) }

    /// Takes a packet from the tap, if there is one.
    func tapHasSeenPacket() -> Bool { tap?.hasSeenPacket() ?? false }

    private func counts(_ map: String, of loaded: SurvivalProgram.Loaded?) throws -> (UInt64, UInt64) {
        guard let loaded else { return (0, 0) }
        let map = try loaded.object.map(map)
        return try (SurvivalSeen.words(map.values(at: 0)[0])[0], SurvivalSeen.words(map.values(at: 1)[0])[0])
    }
}

/// Packets of which the byte at -20 tells the number.
enum SurvivalPacket {
    static func address(_ text: String) -> [UInt8] { text.split(separator: ".").compactMap { UInt8($0) } }

    /// As ``VethPair/send(_:to:)`` sends it.
    static func payload(_ number: Int) -> [UInt8] { [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 64) }

    static func segmentRouting(_ number: Int) -> [UInt8] {
        marked(ForgeryPath.segmentRouting.frame(wanting: 0).bytes, number)
    }

    /// To the VXLAN device of ``SurvivalDevice/vxlan``, from the IP header on.
    static func tunnelWithOptions(_ number: Int) -> [UInt8] {
        let inner: [UInt8] = [2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 1, 8, 0] + [UInt8](repeating: 0x45, count: 64)
        let vxlan: [UInt8] = [8, 0, 0, 0, 0, 0, 7, 0]
        let udp = [40000, 4789, UInt16(8 + vxlan.count + inner.count), 0].flatMap(Frame.bytes)
        let options: [UInt8] = [0x1e, 40] + [UInt8](repeating: 0, count: 38)  // one option, of no known kind
        return marked(
            Frame.ipv4(17, from: [192, 0, 2, 1], to: [192, 0, 2, 2], options: options, udp + vxlan + inner), number)
    }

    /// Between the ends of ``SurvivalDevice/twoVXLANs``.
    static func tagged(_ number: Int) -> [UInt8] {
        let datagram = [40000, 4739, 72, 0].flatMap(Frame.bytes) + payload(number)
        let packet = Frame.withChecksum(Frame.ipv4(17, from: [198, 18, 1, 1], to: [198, 18, 2, 3], datagram))
        return [2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 1] + [0x8100, 0, 0x0800].flatMap(Frame.bytes) + packet
    }

    private static func marked(_ bytes: [UInt8], _ number: Int) -> [UInt8] {
        var bytes = bytes
        bytes[bytes.count - 20] = UInt8(truncatingIfNeeded: number)
        return bytes
    }
}
