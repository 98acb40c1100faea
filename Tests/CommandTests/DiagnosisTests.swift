// SPDX-License-Identifier: BSD-2-Clause

import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands

@Suite struct DiagnosisTests {
    static func diagnosis(_ findings: Finding..., interface: String? = "eth0") -> Diagnosis {
        Diagnosis(
            registry: "/sys/fs/bpf/pktmeta", interface: interface, findings: findings,
            device: interface == nil ? nil : device,
            area: AreaDescription(largestOfKernel: 216, capacity: 64, state: nil))
    }

    static let device = InterfaceDescription(
        driver: InterfaceDescription.Driver(name: "virtio_net", version: "1.0.0"), mtu: 9000, receiveQueues: 2,
        sendQueues: 2, mergesPackets: true,
        xdp: InterfaceDescription.XDP(features: ["basic", "redirect", "rx-sg"], hardwareFields: []), xdpMode: .native)

    @Test func whatTheSchemaHas() throws {
        let schema = JSONSchema("diagnosis")
        #expect(try schema.faults(of: DiagnosisDocument(Self.diagnosis(Self.fine, Self.weaker)).json) == "")
        #expect(try schema.faults(of: DiagnosisDocument(Self.diagnosis(Self.fine, interface: nil)).json) == "")
        #expect(try schema.faults(of: #"{"version":1}"#) != "")
    }

    static let system = SystemNames(release: "6.12.0-1-amd64", machine: "x86_64")
    static let fine = Finding(.area, .ok, "the kernel grants up to 216 bytes in front of a packet")
    static let weaker = Finding(
        .mtu, .weaker,
        "an MTU of 9000 does not fit a page: the prebuilt programs take fragments, plain SEC(\"xdp\") ones are refused",
        remedy: "Compile programs as SEC(\"xdp.frags\").")
    static let unknown = Finding(.nativeXDP, .unknown, "whether its driver has native XDP")
    static let taken = Finding(
        .xdpHook, .broken, "program foo (id 12) holds the XDP hook", remedy: "Only its owner should detach it.")
    static let unprivileged = Finding(
        .capabilities, .broken, "this process lacks CAP_BPF", remedy: "Run it as root.", isPrivilege: true)

    @Test func renderings() throws {
        let diagnosis = Self.diagnosis(Self.unprivileged, Self.fine, Self.unknown, Self.weaker, Self.taken)
        try expectSnapshot(DiagnosisRendering(diagnosis, .plain).text, "diagnosis.txt")
        try expectSnapshot(DiagnosisDocument(diagnosis, on: Self.system).json, "diagnosis.json")
    }

    /// With each check there is.
    @Test func theSchemaDescribesTheDocument() throws {
        let all = Finding.Check.allCases.map { Finding($0, .ok, "fine") } + [Self.unprivileged, Self.taken]
        let diagnosis = Diagnosis(
            registry: "/sys/fs/bpf/pktmeta", interface: nil, findings: all, device: nil,
            area: AreaDescription(largestOfKernel: 216, capacity: nil, state: nil))
        #expect(try JSONSchema("diagnosis").faults(of: DiagnosisDocument(diagnosis).json) == "")
    }

    @Test(arguments: [60, 80, 200])
    func terminals(width: Int) {
        let diagnosis = Self.diagnosis(Self.unprivileged, Self.fine, Self.unknown, Self.weaker, Self.taken)
        let text = DiagnosisRendering(diagnosis, Display(width: width)).text
        #expect(text.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width }, "\(text)")
        if width == 200 { #expect(text == DiagnosisRendering(diagnosis, .plain).text) }
    }

    @Test func whatDecidesTheExitCode() {
        #expect(Self.diagnosis(Self.fine, Self.unknown, Self.weaker).exitCode == 0)
        #expect(Self.diagnosis(Self.fine, Self.unprivileged).exitCode == 77)
        #expect(Self.diagnosis(Self.taken).exitCode == 69)
        #expect(Self.diagnosis(Self.unprivileged, Self.taken).exitCode == 69)
    }

    @Test func conclusions() {
        func conclusion(_ diagnosis: Diagnosis) -> String {
            DiagnosisRendering(diagnosis, .plain).text.split(separator: "\n").last.map(String.init) ?? ""
        }
        #expect(conclusion(Self.diagnosis(Self.fine)) == "Packets would carry fields on eth0.")
        #expect(
            conclusion(Self.diagnosis(Self.unprivileged, interface: nil))
                == "This process may not have packets carry fields on this machine (1 broken).")
        #expect(
            conclusion(Self.diagnosis(Self.taken, Self.weaker))
                == "Packets would not carry fields on eth0 (1 broken, 1 weaker).")
    }
}
