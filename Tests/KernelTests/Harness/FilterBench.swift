// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// A veth pair whose far end numbers packets in XDP, and a socket there that gets them, for programs of
/// Tests/Programs/filter_places.bpf.c.
final class FilterBench {
    /// What such a program has seen.
    struct Seen: Equatable, CustomStringConvertible {
        let packets, right, wrong, faults: UInt64

        init(_ bytes: [UInt8]) {
            let words = SurvivalSeen.words(bytes)
            (packets, right, wrong, faults) = (words[0], words[1], words[2], words[3])
        }

        var description: String { "\(packets) packets, right \(right), wrong \(wrong), -EFAULT \(faults)" }
    }

    /// `enum place` of the programs.
    enum Place: Int { case netfilter, cgroup, beside }

    let attachments: AttachmentTests.Bench
    let compiler: Fixture.Compiler
    private let receiver: Box<ReceivingSocket>

    /// Those of the programs of filter_places.bpf.c.
    static let numbers = [("number", "u64"), ("short_number", "u16")]
    /// Those of the examples. On kernels before 6.8, areas have no room for both.
    static let tenants = [("tenant", "u32"), ("trace_id", "bytes:8")]

    /// - Parameter cgroup: that the socket belongs to.
    init(
        _ compiler: Fixture.Compiler = .swift, socketOf cgroup: ScratchCgroup? = nil,
        fields: [(name: String, type: String)] = numbers
    ) throws {
        let bench = try AttachmentTests.Bench()
        attachments = bench
        self.compiler = compiler
        receiver = try bench.pair.inReceiver {
            Box(
                try cgroup.map { try ReceivingSocket(port: VethPair.port, of: $0) }
                    ?? ReceivingSocket(port: VethPair.port))
        }
        for (name, type) in fields {
            #expect(try bench.command("register-field", name, "--type", type).exitCode == 0)
        }
    }

    var scratch: ScratchRegistry { attachments.scratch }
    var socket: ReceivingSocket { _read { yield receiver.value } }

    func command(_ arguments: String...) throws -> CommandRun {
        try attachments.pair.inReceiver { CommandRun(arguments + ["--registry", scratch.path.string]) }
    }

    /// A command that is to succeed.
    @discardableResult
    func run(_ arguments: String...) throws -> String {
        let run = try attachments.pair.inReceiver { CommandRun(arguments + ["--registry", scratch.path.string]) }
        #expect(run.exitCode == 0, "\(arguments): \(run.errors)")
        return run.output
    }

    /// Changes what the registry grants while packets come, and with it each program that is bound.
    ///
    /// - Returns: how many packets were sent.
    func changeUnderTraffic() throws -> UInt64 {
        let traffic = BackgroundTraffic(attachments.pair)
        for round in 0..<20 {
            try run("register-field", "other_\(round)", "--type", "u8")
            try run("unregister-field", "other_\(round)")
        }
        return try traffic.stop()
    }

    /// Has each packet numbered as it comes in.
    func numberPackets() throws {
        let object = Fixture.object("skb_places", compiler).string
        try run("attach-to-interface", VethPair.far, "--xdp", "\(object):number_packets", "--tc", "none")
    }

    func object(_ program: String) -> String { Fixture.object("filter_places", compiler).string + ":\(program)" }

    /// Sends packets; they have been dealt with.
    func send(_ count: Int) throws { try attachments.pair.send(count) }

    /// How many packets the socket gets, once it has that many or a while has passed.
    func received(_ expected: Int) -> Int {
        var count = 0
        func take() { while receiver.value.receive() != nil { count += 1 } }
        _ = eventually(within: expected == 0 ? .milliseconds(50) : .seconds(5)) {
            take()
            return count >= expected && expected > 0
        }
        take()
        return count
    }

    /// The map of what the program of an attachment has seen.
    ///
    /// - Parameter name: what the name of the attachment's folder has in it.
    func seen(_ name: String, at place: Place) throws -> Seen {
        let pin = try #require(
            scratch.pins.first { $0.contains(name) && $0.contains("/current/") && $0.hasSuffix("/maps/seen") },
            "\(scratch.pins)")
        return Seen(try BPFMap(pinnedAt: scratch.path.appending(pin)).values(at: place.rawValue)[0])
    }

    /// The same, once it is of so many packets.
    func seen(_ name: String, at place: Place, packets: Int) throws -> Seen {
        _ = try eventually { try seen(name, at: place).packets >= UInt64(packets) }
        return try seen(name, at: place)
    }

    var status: [HookStatus] {
        get throws {
            let path = scratch.path
            return try attachments.pair.inReceiver { try Registry.open(at: path, for: .read).status() }
        }
    }

    func attachment(_ name: String) throws -> PacketMetadata.Attachment {
        try #require(try AttachmentStore(of: scratch.path).attachments().first { $0.name.contains(name) })
    }
}
