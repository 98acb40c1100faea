// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// What is found on the way up of an interface's packets: tunnels, offloads, a dispatcher.
extension DoctorTests {
    private static func remedy(_ report: Report, _ check: PacketMetadata.Finding.Check) -> String? {
        report.findings[check.rawValue]?.remedy
    }

    @Test func aTunnelOverTheInterface() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try Self.doctor(bench).text(.tunnels) == "no tunnel takes packets that come in here")
            try bench.pair.addTunnels()
            try bench.pair.inReceiver { try VethPair.setOffloads(VethPair.far, "gro off") }
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 0 && report.level(.tunnels) == "weaker")
            let displaced = "behind it the area is displaced, and fields are not found (EFAULT)"
            #expect(
                report.text(.tunnels) == "vxlan0 (vxlan) takes packets that come in here out of a tunnel: \(displaced)")
            #expect(report.level(.tunnelGRO) == "weaker")
            #expect(report.text(.tunnelGRO).hasPrefix("GRO is off on far0, so any area on its packets keeps GRO from"))

            // What it advises helps.
            let command = try #require(Self.remedy(report, .tunnelGRO)).split(separator: " ").map(String.init)
            let run = try bench.pair.inReceiver { try ChildProcess.run(command) }
            #expect(run.status == 0)
            #expect(try Self.doctor(bench).level(.tunnelGRO) == "ok")
            #expect(try bench.command("attach-to-interface", "far0", "--mode", "generic").exitCode == 0)
            #expect(try Self.doctor(bench).text(.tunnelGRO).hasPrefix("a program in generic mode keeps GRO off far0"))

            let own = try Self.doctor(bench, VethPair.tunnel)
            #expect(
                own.text(.tunnels).hasPrefix(
                    "vxlan0 is a tunnel (vxlan): the area of a packet that came in by far0 is displaced here"))
            #expect(own.level(.tunnelGRO) == nil)
            try bench.pair.inReceiver { try VethPair.ip("link set vxlan0 down") }
            #expect(try Self.doctor(bench).level(.tunnels) == "ok")
        }
    }

    /// Where packets leave for another network namespace, and what is advised helps.
    @Test func privateFieldsMayGetToTheNextNamespace() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("register-field", "shown", "--type", "u32").exitCode == 0)
            #expect(try Self.doctor(bench).level(.privateFields) == nil)
            #expect(try bench.command("register-field", "secret", "--type", "u32", "--private").exitCode == 0)
            let report = try Self.doctor(bench)
            #expect(report.exitCode == 0 && report.level(.privateFields) == "weaker")
            #expect(
                report.text(.privateFields).hasPrefix("secret may get to other network namespaces by far0: no scrub"))
            let advice = try #require(Self.remedy(report, .privateFields))
            #expect(
                advice.hasPrefix("pktmeta attach-to-interface ") && advice.contains(" far0 --tc-egress scrub --join"))
            let attached = try bench.command("attach-to-interface", "far0", "--tc-egress", "scrub", "--join")
            #expect(attached.exitCode == 0, "\(attached.errors)")
            #expect(
                try Self.doctor(bench).text(.privateFields)
                    == "the scrub program keeps secret here, at TC egress of far0")
            // At ingress it is for packets that come in.
            #expect(try bench.command("detach-from-interface", "far0", "--tc-egress").exitCode == 0)
            #expect(
                try bench.command("attach-to-interface", "far0", "--xdp", "none", "--tc", "scrub").exitCode == 0)
            #expect(try Self.doctor(bench).level(.privateFields) == "weaker")
        }
    }

    /// As container networks have it, and through a bridge.
    @Test func tunnelsElsewhereAndByWay() throws {
        try Kernel.run {
            let bench = try Bench()
            let other = "/proc/\(ProcessID.current)/fd/\(bench.pair.sender.fd.raw)"
            try bench.pair.inReceiver {
                try VethPair.ip("link add vxlan8 type vxlan id 8 dstport 4790 dev far0 group 239.1.1.1")
                try VethPair.ip("link set vxlan8 netns \(other)")
            }
            try bench.pair.inSender { try VethPair.ip("link set vxlan8 up") }
            let elsewhere = try Self.doctor(bench).text(.tunnels)
            #expect(elsewhere.hasPrefix("vxlan8 (vxlan, in another network namespace) takes packets"), "\(elsewhere)")
            try bench.pair.inSender { try VethPair.ip("link del vxlan8") }

            try bench.pair.inReceiver {
                try VethPair.ip("address flush dev far0")
                try VethPair.ip("link add br0 type bridge mcast_snooping 0")
                try VethPair.ip("link set far0 master br0")
                try VethPair.ip("address add 192.0.2.2/24 dev br0")
                try VethPair.ip("link set br0 up")
                // Bound to nothing: by the route to its other end.
                try VethPair.ip("link add vxlan9 type vxlan id 9 dstport 4791 remote 192.0.2.1")
                try VethPair.ip("link set vxlan9 up")
            }
            #expect(try Self.doctor(bench).text(.tunnels).hasPrefix("vxlan9 (vxlan) takes packets"))
            #expect(try Self.doctor(bench, "lo").level(.tunnels) == "ok")
            try bench.pair.inReceiver {
                try VethPair.ip("link del vxlan9")
                try VethPair.ip("link add vxlan9 type vxlan dstport 4791 external")
                try VethPair.ip("link set vxlan9 up")
            }
            #expect(try Self.doctor(bench).text(.tunnels).hasPrefix("vxlan9 (vxlan) may take packets"))
        }
    }

    @Test func offloadsThatAreOn() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver { try VethPair.setOffloads(VethPair.far, "gro on rx-gro-list on") }
            let list = try Self.doctor(bench)
            #expect(list.level(.groList) == "weaker" && list.level(.udpForwarding) == nil)
            try bench.pair.inReceiver {
                try VethPair.setOffloads(VethPair.far, "rx-gro-list off rx-udp-gro-forwarding on")
            }
            let forwarding = try Self.doctor(bench)
            #expect(forwarding.level(.groList) == nil && forwarding.level(.udpForwarding) == "weaker")
            let command = try #require(Self.remedy(forwarding, .udpForwarding)).split(separator: " ").map(String.init)
            let run = try bench.pair.inReceiver { try ChildProcess.run(command) }
            #expect(run.status == 0)
            #expect(try Self.doctor(bench).level(.udpForwarding) == nil)
        }
    }

    @Test func libxdpsDispatcherHoldsTheHook() throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try BPFObject(bytes: Fixture.bytes(Fixture.object("dispatcher")), name: "dispatcher")
                .load(only: "xdp_dispatcher")
            let link = try bench.pair.inReceiver {
                try BPFLink.xdp(program, ifindex: NetworkInterface(named: VethPair.far).index, mode: .native)
            }
            let report = try Self.doctor(bench)
            _ = consume link
            #expect(report.level(.xdpHook) == "broken")
            #expect(report.text(.xdpHook).hasPrefix("libxdp's dispatcher (id \(program.id)"))
            #expect(Self.remedy(report, .xdpHook)?.contains("an area takes libxdp 1.5.5") == true)
        }
    }

    @Test func aDeviceWithoutEthernetHeader() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver { try VethPair.ip("tuntap add dev tun0 mode tun") }
            let report = try Self.doctor(bench, "tun0")
            #expect(report.exitCode == 0 && report.level(.linkLayer) == "weaker")
            #expect(report.text(.linkLayer).contains("is displaced by 14 bytes at its TC egress (EFAULT)"))
        }
    }
}
