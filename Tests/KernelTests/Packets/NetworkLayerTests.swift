// SPDX-License-Identifier: BSD-2-Clause

import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// Interfaces whose packets begin with the header of IP: tun, as VPNs have it.
@Suite(Kernel.required) struct NetworkLayerTests {
    /// Opens tun0, runs a command meanwhile, then writes the packets of some flows, each twice.
    ///
    /// The sources have bytes where an Ethernet header would have its type: of IPv4, of a VLAN tag, of something else.
    private static let script = """
        import fcntl, ipaddress, os, struct, subprocess, sys, time
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH", b"tun0", 0x1001))
        for command in ["addr add 203.0.113.1/24 dev tun0", "link set tun0 up"]:
            subprocess.run(["ip"] + command.split(), check=True)
        for command in sys.argv[1].split(";"):
            subprocess.run(command.split(), check=True)
        watching = subprocess.Popen(sys.argv[2].split())
        for _ in range(600):
            if subprocess.run(sys.argv[3].split(), capture_output=True, text=True).stdout.count("watcher"):
                break
            time.sleep(0.05)
        for source in ["8.0.0.1", "8.0.0.1", "129.0.0.1", "129.0.0.1", "192.0.2.9", "192.0.2.9"]:
            address = ipaddress.ip_address(source).packed
            os.write(tun, struct.pack("!BBHHHBBH4s4sHHHH", 0x45, 0, 28, 0, 0, 64, 17, 0, address,
                bytes([203, 0, 113, 1]), 1111, 2222, 8, 0))
        header = struct.pack("!IHBB16s16s", 0x60000000, 8, 17, 64, ipaddress.ip_address("2001:db8::1").packed,
            ipaddress.ip_address("2001:db8::2").packed)
        for _ in range(2):
            os.write(tun, header + struct.pack("!HHHH", 1111, 2222, 8, 0))
        sys.exit(watching.wait())
        """

    @Test func flowsAreToldApartAndShown() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let folder = try ScratchFolder()
            let script = try folder.write(Array(Self.script.utf8), as: "tun.py")
            let place = "--registry \(scratch.path)"
            #expect(
                RegistryTests.command(scratch, "register-field", "flow", "--type", "u32", "--source", "flow-hash")
                    .exitCode == 0)
            let outcome = try ChildProcess.run([
                "python3", script.string,
                "\(Fixture.command) attach-to-interface tun0 \(place);\(Fixture.command) doctor tun0 \(place)",
                "\(Fixture.command) watch tun0 --count 8 --duration 30 \(place)",
                "\(Fixture.command) status \(place)",
            ])
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(
                outcome.output.contains("link-layer    tun0 has no Ethernet header: packets begin with that of IP"),
                "\(outcome.output)")
            let lines = outcome.output.split(separator: "\n").filter { $0.contains("flow=") }
            let flows = lines.compactMap { $0.split(separator: "flow=").last }
            #expect(lines.count == 8 && flows.count == 8, "\(outcome.output)")
            for (pair, source) in zip(0..., ["8.0.0.1", "129.0.0.1", "192.0.2.9", "[2001:db8::1]"]) {
                for line in lines.dropFirst(2 * pair).prefix(2) {
                    #expect(line.contains(" tun0 UDP \(source):1111 > "), "\(line)")
                }
                if flows.count == 8 { #expect(flows[2 * pair] == flows[2 * pair + 1]) }
            }
            #expect(Set(flows).count == 4 && !flows.contains("0"), "\(flows)")
        }
    }

    /// One command watches interfaces of both kinds.
    @Test func bothKindsAreWatchedAtOnce() throws {
        try Kernel.run {
            let bench = try PairTests.Bench(fields: [("flow", "u32", "flow-hash")])
            try bench.pair.inReceiver {
                try VethPair.ip("tuntap add dev tun0 mode tun")
                let stream = try bench.registry.watch(on: [VethPair.far, "tun0"])
                try bench.pair.send(3)
                #expect(try eventually { try stream.counts().written == 3 })
                let packets = try WatchTests.packets(stream)
                #expect(packets.count == 3 && packets.allSatisfy { $0.flow?.destination.port == VethPair.port })
                // The registry changes: both programs are loaded anew.
                let later = try FieldDefinition(name: FieldName("later"), type: .u8)
                _ = try bench.registry.register(later)
                Pause.sleep(milliseconds: 300)
                _ = try stream.read()
                try bench.pair.send(2)
                #expect(try eventually { try stream.counts().written == 5 })
                #expect(try WatchTests.packets(stream).count == 2)
            }
        }
    }
}
