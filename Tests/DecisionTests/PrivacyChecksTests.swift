// SPDX-License-Identifier: BSD-2-Clause

import RegistryModel
import Testing

@testable import PacketMetadata

/// What the doctor says of private fields, by where packets leave for other network namespaces.
@Suite struct PrivacyChecksTests {
    typealias Crossing = PrivacyChecks.Crossing

    static func finding(_ crossings: Crossing..., fields: [String] = ["secret", "key"]) throws -> Finding? {
        try PrivacyChecks(fields: fields.map { try FieldName($0) }, crossings: crossings).finding
    }

    @Test func nothingWithoutPrivateFields() throws {
        #expect(try Self.finding(Crossing(interface: "veth0", egress: .open), fields: []) == nil)
    }

    @Test func interfacesWithoutTheScrubProgramAreNamed() throws {
        let finding = try #require(
            try Self.finding(
                Crossing(interface: "veth0", egress: .open), Crossing(interface: "veth1", egress: .scrubbed),
                Crossing(interface: "veth2", egress: .unknown), Crossing(interface: "-v", egress: .open)))
        #expect(finding.check == .privateFields && finding.level == .weaker)
        #expect(
            PathChecksTests.text(finding).hasPrefix(
                "secret, key may get to other network namespaces by veth0, -v: no scrub program"))
    }

    @Test func whatCannotBeSeenIsUnknown() throws {
        let finding = try Self.finding(
            Crossing(interface: "veth0", egress: .unknown), Crossing(interface: "veth1", egress: .scrubbed))
        #expect(finding?.level == .unknown && finding?.isPrivilege == true)
    }

    @Test func allIsWell() throws {
        #expect(try Self.finding()?.level == .ok)
        let finding = try Self.finding(Crossing(interface: "veth1", egress: .scrubbed))
        #expect(finding?.level == .ok)
        #expect(PathChecksTests.text(finding) == "the scrub program keeps secret, key here, at TC egress of veth1")
    }

    /// A program in front of the scrub program may return TC_ACT_OK, and one behind may set the field.
    @Test func programsBesideTheScrubProgram() throws {
        let shared = try Self.finding(
            Crossing(interface: "veth0", egress: .shared), Crossing(interface: "veth1", egress: .scrubbed),
            Crossing(interface: "veth2", egress: .unknown))
        let finding = try #require(shared)
        #expect(finding.level == .weaker && finding.remedy == nil)
        #expect(PathChecksTests.text(finding).contains("by veth0: programs beside the scrub program"))
    }
}
