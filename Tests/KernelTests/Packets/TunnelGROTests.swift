// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// What an area does to GRO behind a VXLAN device: what Survival.md says, and the doctor by it.
@Suite(Kernel.required) struct TunnelGROTests {
    /// Packets of a TCP stream out of the tunnel, and into how many GRO merged them, with those of the outer IP header.
    struct Counts {
        let packets: Int
        let merged: Int
        var perMerged: Double { Double(packets) / Double(max(1, merged)) }
    }

    /// - Parameters:
    ///   - mode: of the program that makes the area; nil if a program in native mode makes none.
    ///   - isMerging: whether GRO is on below the tunnel.
    private func counts(mode: String?, isMerging: Bool) throws -> Counts {
        let bench = try AttachmentTests.Bench()
        try bench.pair.addTunnels()
        var passing: DoctorTests.BPFLinkBox?
        if let mode {
            let field = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:7")
            #expect(field.exitCode == 0, "\(field.errors)")
            let attached = try bench.command("attach-to-interface", VethPair.far, "--mode", mode, "--xdp", "prebuilt")
            #expect(attached.exitCode == 0, "\(attached.errors)")
        } else {
            passing = try DoctorTests.attachForeign(bench).link
        }
        defer { withExtendedLifetime(passing) {} }
        // Else GSO would leave nothing to merge.
        try bench.pair.inSender { try VethPair.setOffloads(VethPair.tunnel, "tso off gso off") }
        try bench.pair.inReceiver { try VethPair.setOffloads(VethPair.far, "gro \(isMerging ? "on" : "off")") }
        try bench.pair.stream(4 << 20, to: VethPair.farTunnelAddress)
        return try bench.pair.inReceiver { try Self.counts() }
    }

    /// Of this thread's network namespace: InReceives counts what GRO leaves, InNoECTPkts the packets in it
    /// (net/ipv4/ip_input.c).
    private static func counts() throws -> Counts {
        func value(_ name: String, in file: String) throws -> Int {
            let lines = try WholeFile.text(FilePath("/proc/thread-self/net/\(file)")).split(separator: "\n")
            for (names, values) in zip(lines, lines.dropFirst()) where names.prefix(3) == values.prefix(3) {
                let names = names.split(separator: " ")
                guard let place = names.firstIndex(of: name[...]) else { continue }
                return try #require(Int(values.split(separator: " ")[place]))
            }
            return 0
        }
        return Counts(
            packets: try value("InNoECTPkts", in: "netstat"), merged: try value("InReceives", in: "snmp"))
    }

    @Test func anAreaStopsItUnlessTheOuterPacketsAreMerged() throws {
        try Kernel.run {
            // Each packet is counted with its outer header, which nothing merges, and behind the tunnel.
            let without = try counts(mode: nil, isMerging: false)
            #expect(without.perMerged > 1.5)
            let stopped = try counts(mode: "native", isMerging: false)
            #expect(stopped.perMerged < 1.05)
            let below = try counts(mode: "native", isMerging: true)
            #expect(below.perMerged > 5)
        }
    }

    /// The kernel does no GRO on an interface with a program in generic mode, be it on or off there.
    @Test func genericModeIsLikeNoGRO() throws {
        try Kernel.run {
            let stopped = try counts(mode: "generic", isMerging: true)
            #expect(stopped.perMerged < 1.05)
        }
    }
}
