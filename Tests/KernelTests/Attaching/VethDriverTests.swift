// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands

/// What the veth driver asks of a pair before it takes an XDP program: as many queues to receive on as the peer sends on,
/// and, of programs without fragments, that the *peer's* packets fit a page.
@Suite(Kernel.required) struct VethDriverTests {
    typealias Bench = AttachmentTests.Bench

    /// A second pair, of which q0 is at the far end, and its peer p0 there or at the near end.
    private static func bench(
        sendingOn queues: Int = 1, mtu: Int = 1500, peerMTU: Int = 1500, isPeerElsewhere: Bool
    ) throws -> Bench {
        let bench = try Bench()
        let sender = "/proc/\(ProcessID.current)/fd/\(bench.pair.sender.fd.raw)"
        try bench.pair.inReceiver {
            try VethPair.ip(
                "link add q0 mtu \(mtu) numrxqueues 1 numtxqueues 1 type veth peer name p0 mtu \(peerMTU) numrxqueues 1"
                    + " numtxqueues \(queues)" + (isPeerElsewhere ? " netns \(sender)" : ""))
        }
        return bench
    }

    @Test(arguments: [false, true])
    func fewerQueuesThanThePeerSendsOn(isPeerElsewhere: Bool) throws {
        try Kernel.run {
            let bench = try Self.bench(sendingOn: 4, isPeerElsewhere: isPeerElsewhere)
            let lack = "it has 1 receive queue, and its veth peer sends on 4, which is too many for native XDP"
            let attached = try bench.command("attach-to-interface", "q0", "--xdp", "prebuilt")
            #expect(attached.output == "q0: XDP: producer attached (generic; \(lack) (ENOSPC))", "\(attached.errors)")
            _ = try bench.command("detach-from-interface", "q0")
            let refused = try bench.command("attach-to-interface", "q0", "--mode", "native")
            #expect(refused.exitCode == 69)
            #expect(refused.errors.contains("cannot attach to q0: \(lack) (ENOSPC)\n  --mode generic takes none"))
            let report = try bench.pair.inReceiver { try DoctorTests.Report(CommandRun(["doctor", "q0", "--json"])) }
            #expect(report.level(.nativeXDP) == "weaker")
            #expect(report.text(.nativeXDP) == "\(lack): programs run in generic mode, which is slower")
        }
    }

    /// Of other drivers, by what the kernel answers: generic mode asks for neither queues nor memory.
    @Test(arguments: [
        (Errno.noSpace, "too few queues for native XDP (ENOSPC)"),
        (.noMemory, "has not the queues or the memory for native XDP (ENOMEM)"),
        (.notSupported, "has no native XDP (EOPNOTSUPP)"),
    ])
    func whatGenericModeDoesWithout(errno: Errno, reason: String) throws {
        try Kernel.run {
            let loopback = try NetworkInterface(named: "lo")
            let refusal = try #require(InterfaceRefusal(ofNativeMode: BPFError("attach", errno), loopback))
            #expect(refusal.isEndedByGenericMode && refusal.kind == .unsupported)
            #expect(refusal.reason.hasSuffix(reason))
            #expect(refusal.remedy?.hasPrefix("--mode generic") == true)
            let largeMTU = InterfaceRefusal(ofNativeMode: BPFError("attach", .outOfRange), loopback)
            #expect(largeMTU?.isEndedByGenericMode == false)
            #expect(InterfaceRefusal(ofNativeMode: BPFError("attach", .resourceBusy), loopback) == nil)
        }
    }

    @Test(arguments: [false, true])
    func enoughQueues(isPeerElsewhere: Bool) throws {
        try Kernel.run {
            let bench = try Self.bench(isPeerElsewhere: isPeerElsewhere)
            let attached = try bench.command("attach-to-interface", "q0", "--xdp", "prebuilt")
            #expect(attached.output == "q0: XDP: producer attached (native)", "\(attached.errors)")
        }
    }

    /// A small MTU here with a large one there, and the reverse.
    @Test(arguments: [(1500, 9000, false), (1500, 9000, true), (9000, 1500, false), (9000, 1500, true)])
    func thePeersMTUCounts(mtu: Int, peerMTU: Int, isPeerElsewhere: Bool) throws {
        try Kernel.run {
            let bench = try Self.bench(mtu: mtu, peerMTU: peerMTU, isPeerElsewhere: isPeerElsewhere)
            _ = try bench.command("register-field", "shared", "--type", "u32")
            let plain = Fixture.object("chain_xdp").string + ":plain"
            let attached = try bench.command("attach-to-interface", "q0", "--xdp", plain)
            let report = try bench.pair.inReceiver { try DoctorTests.Report(CommandRun(["doctor", "q0", "--json"])) }
            if peerMTU == 1500 {
                #expect(attached.exitCode == 0, "\(attached.errors)")
                #expect(report.level(.mtu) == "ok")
                #expect(report.text(.mtu) == "an MTU of 1500 at its veth peer fits a page")
            } else {
                #expect(attached.exitCode == 69)
                #expect(
                    attached.errors.contains(
                        "the MTU of its veth peer, 9000, is too large for a program without fragments (ERANGE)"))
                #expect(attached.errors.contains("or lower the peer's MTU."))
                #expect(report.level(.mtu) == "weaker")
                #expect(report.text(.mtu).hasPrefix("an MTU of 9000 at its veth peer does not fit a page"))
            }
        }
    }
    /// Links are refused by an errno; the reason is asked for, and nothing is attached by that.
    @Test func theDriverSaysWhy() throws {
        try Kernel.run {
            let bench = try Self.bench(peerMTU: 9000, isPeerElsewhere: false)
            let program = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign")), name: "foreign")
                .load(only: "foreign")
            try bench.pair.inReceiver {
                let index = try NetworkInterface(named: "q0").index
                do throws(BPFError) {
                    _ = try BPFLink.xdp(program, ifindex: index, mode: .native)
                    Issue.record("a program without fragments was taken")
                } catch {
                    #expect(error.errno == .outOfRange)
                    #expect(error.reason?.contains("MTU") == true, "\(error.messages)")
                }
                #expect(try AttachedXDPProgram.query(ifindex: index).isEmpty)
            }
        }
    }
}
