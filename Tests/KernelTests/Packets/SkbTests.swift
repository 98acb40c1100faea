// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Fields of a packet as it goes from the driver to the application, in programs that are neither XDP's nor TC's
/// (`<pktmeta/skb.bpf.h>`).
@Suite(Kernel.required, .serialized) struct SkbTests {
    /// `enum place` of Tests/Programs/skb_places.bpf.c, with its program.
    enum Place: Int, CaseIterable, CustomTestStringConvertible {
        case received, inCgroup, inSocket, inReuseport, atTC, traced, behindTunnel, inStream

        var program: String {
            switch self {
            case .received: "received"
            case .inCgroup: "in_cgroup"
            case .inSocket: "in_socket"
            case .inReuseport: "in_reuseport"
            case .atTC: "at_tc"
            case .traced: "traced"
            case .behindTunnel: "behind_tunnel"
            case .inStream: "in_stream"
            }
        }

        var testDescription: String { program }
    }

    /// What a program has seen.
    private struct Seen: CustomStringConvertible {
        let packets, byID, bound, isSet, wrong, faults: UInt64

        init(_ bytes: [UInt8]) {
            let words = SurvivalSeen.words(bytes)
            (packets, byID, bound, isSet, wrong, faults) = (words[0], words[1], words[2], words[3], words[4], words[5])
        }

        var description: String {
            "\(packets) packets, by id \(byID), bound \(bound), set \(isSet), wrong \(wrong), -EFAULT \(faults)"
        }
    }

    private static let count = 20

    /// All that there are, but on kernels before 6.6 for the one that is told to use instructions that these have not (-mcpu=v4).
    static let compilers = Fixture.Compiler.allCases.filter { $0 != .newest || SurvivalKernel.running.hasTCX }

    @Test(arguments: Place.allCases.filter { $0 != .behindTunnel }, compilers)
    func fieldsCanBeReadThere(place: Place, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            guard let bench = try Bench.unlessRefused(place, compiler) else { return }
            try Self.expectRightFields(bench)
        }
    }

    /// As older kernels read, which this one can be made to: members of types, and bpf_probe_read_kernel().
    @Test(arguments: ["skb_places_types", "skb_places_probe"], compilers)
    func fieldsCanBeReadInOtherWays(object: String, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            for place in [Place.received, .inReuseport] {
                try Self.expectRightFields(Bench(place, compiler, object: object))
            }
            try Self.expectRightFields(Bench(.behindTunnel, compiler, object: object, outerHeaders: 50))
        }
    }

    /// In front of the outer headers, of packets that the tunnel's device gives the stack.
    @Test(arguments: [50, 70], compilers)
    func fieldsCanBeReadBehindVXLAN(outerHeaders: UInt8, compiler: Fixture.Compiler) throws {
        try Kernel.run { try Self.expectRightFields(Bench(.behindTunnel, compiler, outerHeaders: outerHeaders)) }
    }

    /// Set by programs of another registry, which has the same fields in the same places.
    @Test(arguments: Place.allCases.filter { $0 != .behindTunnel }, [Fixture.Compiler.swift])
    func anAreaOfAnotherRegistryIsNone(place: Place, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            guard let bench = try Bench.unlessRefused(place, compiler) else { return }
            try bench.attachXDP(ofAnother: true)
            try bench.send(Self.count)
            let seen = try bench.seen(Self.count)
            #expect(seen.faults == 4 * UInt64(Self.count), "\(seen)")
            #expect(seen.byID + seen.bound + seen.isSet + seen.wrong == 0, "\(seen)")
        }
    }

    private static func expectRightFields(_ bench: Bench) throws {
        // Packets without an area first.
        try bench.send(Self.count)
        let before = try bench.seen(Self.count)
        #expect(before.faults == 4 * UInt64(Self.count), "\(before)")
        #expect(before.byID + before.bound + before.wrong == 0, "\(before)")
        try bench.attachXDP()
        try bench.send(Self.count)
        let after = try bench.seen(2 * Self.count)
        let all = 2 * UInt64(Self.count)
        #expect(after.byID == all && after.bound == all && after.isSet == all, "\(after)")
        #expect(after.wrong == 0 && after.faults == before.faults, "\(after)")
    }

    private final class Bench {
        private let place: Place
        private let compiler: Fixture.Compiler
        private let pair: VethPair
        private let scratch = ScratchRegistry()
        private let otherScratch = ScratchRegistry()
        private let registry: Registry
        private let port = UInt16.random(in: 20_000..<30_000)
        /// Bytes of a tunnel's headers, over IPv4 (50) or IPv6 (70); 0: packets are in none.
        private let outerHeaders: UInt8
        private let object: BPFObject
        private let socket: Box<ReceivingSocket>
        /// The two ends of a connection, the receiver's last; none where packets are of UDP.
        private var connection: [Box<TCPConnection>] = []
        private var links: [LinkBox] = []
        private var others: [Box<OwnedFD>] = []

        init(
            _ place: Place, _ compiler: Fixture.Compiler, object name: String = "skb_places", outerHeaders: UInt8 = 0
        ) throws {
            self.place = place
            self.outerHeaders = outerHeaders
            self.compiler = compiler
            pair = try VethPair()
            if outerHeaders > 0 { try pair.addTunnels(isOverIPv6: outerHeaders == 70) }
            registry = try Self.makeRegistry(scratch)
            let port = port
            socket = try pair.inReceiver { Box(try ReceivingSocket(port: port)) }
            object = try registry.objectOfOthers(
                Fixture.object(name, compiler), name: name, withKernelTypes: true)
            _ = object.setConstant("port", to: encode(port))
            _ = object.setConstant("is_tcp", to: [place == .inStream ? 1 : 0])
            try attach(object.load(only: place.program))
        }

        private static func makeRegistry(_ scratch: ScratchRegistry) throws -> Registry {
            let registry = try Registry.openOrCreate(at: scratch.path)
            for (name, type) in [("number", FieldType.u64), ("short_number", .u16)] {
                _ = try registry.register(FieldDefinition(name: FieldName(name), type: type))
            }
            return registry
        }

        /// nil for tracing programs under a kernel that refuses them: the kernels of the matrix do not.
        static func unlessRefused(_ place: Place, _ compiler: Fixture.Compiler) throws -> Bench? {
            do {
                return try Bench(place, compiler)
            } catch let error as BPFError where place == .traced && error.errno == .notPermitted {
                guard SurvivalKernel.running == .linux618 else { throw error }
                print("skb: this kernel refuses tracing programs (EPERM): tried in the kernel matrix only")
                return nil
            } catch let error as Errno where place == .inStream && error == .invalidArgument {
                guard SurvivalKernel.running == .linux510 else { throw error }
                print("skb: this kernel has no verdict without a parser (Linux 5.13): not tried on streams")
                return nil
            }
        }

        private func attach(_ program: borrowing BPFProgram) throws {
            switch place {
            case .received, .behindTunnel:
                others.append(Box(try OtherHooks.rawTracepoint("netif_receive_skb", program)))
            case .inCgroup: others.append(Box(try OtherHooks.rootCgroup(program)))
            case .inSocket: try socket.value.attach(program)
            case .inReuseport: try socket.value.attachToGroup(program)
            case .inStream:
                let listener = try pair.inReceiver { try TCPListener(port: port) }
                let sender = try pair.inSender { try TCPConnection(to: [192, 0, 2, 2], port: port) }
                let receiver = try listener.accept()
                try OtherHooks.stream(of: receiver, object.map("streams"), program)
                connection = [Box(sender), Box(receiver)]
            case .traced: others.append(Box(try OtherHooks.function(program)))
            case .atTC:
                try pair.inReceiver {
                    let far = try NetworkInterface(named: VethPair.far).index
                    if SurvivalKernel.running.hasTCX {
                        links.append(LinkBox(try BPFLink.tcx(program, ifindex: far, .ingress)))
                    } else {
                        _ = try ClsactQdisc.create(ifindex: far)
                        _ = try TCFilter.attach(program, ifindex: far, .ingress)
                    }
                }
            }
        }

        private static func stampingObject(
            _ registry: borrowing Registry, _ compiler: Fixture.Compiler
        ) throws -> BPFObject {
            try registry.objectOfOthers(
                Fixture.object("skb_places", compiler), name: "skb_places", withKernelTypes: true)
        }

        /// - Parameter ofAnother: by a program of another registry.
        func attachXDP(ofAnother: Bool = false) throws {
            let stamping =
                ofAnother
                ? try Self.stampingObject(Self.makeRegistry(otherScratch), compiler)
                : try Self.stampingObject(registry, compiler)
            _ = stamping.setConstant("is_tcp", to: [place == .inStream ? 1 : 0])
            _ = stamping.setConstant("outer_headers", to: [outerHeaders])
            let program = try stamping.load(only: "number_packets")
            links.append(
                try pair.inReceiver {
                    LinkBox(
                        try BPFLink.xdp(
                            program, ifindex: NetworkInterface(named: VethPair.far).index, mode: .native))
                })
        }

        /// Sends packets and receives them, each of another number.
        func send(_ count: Int) throws {
            if let sender = connection.first { return try stream(count, by: sender) }
            let port = port
            let address = outerHeaders > 0 ? VethPair.farTunnelAddress : [192, 0, 2, 2]
            try pair.inSender {
                let sender = try UDPSender(to: address, port: port)
                for number in 1...count { try sender.send([UInt8](repeating: UInt8(number), count: 64)) }
            }
            var received = 0
            let isDone = eventually {
                while socket.value.receive() != nil { received += 1 }
                return received >= count
            }
            #expect(isDone, "\(received) of \(count)")
        }

        /// One segment after the other: the kernel merges those that wait in a queue.
        private func stream(_ count: Int, by sender: Box<TCPConnection>) throws {
            for _ in 0..<count {
                let before = try now().packets
                let payload = [UInt8](repeating: 0x5a, count: 67)
                let sent = try sender.value.send(payload)
                let hasArrived = try eventually { try now().packets == before + 1 }
                #expect(sent == payload.count && hasArrived)
            }
        }

        private func now() throws -> Seen { Seen(try object.map("seen").values(at: place.rawValue)[0]) }

        func seen(_ packets: Int) throws -> Seen {
            let isThere = try eventually { try now().packets >= UInt64(packets) }
            let seen = try now()
            #expect(isThere && seen.packets == UInt64(packets), "\(seen)")
            return seen
        }
    }
}
