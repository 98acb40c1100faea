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
        #expect(try Self.finding(Crossing(interface: "veth0", isScrubbed: false), fields: []) == nil)
    }

    @Test func interfacesWithoutTheScrubProgramAreNamed() throws {
        let finding = try #require(
            try Self.finding(
                Crossing(interface: "veth0", isScrubbed: false), Crossing(interface: "veth1", isScrubbed: true),
                Crossing(interface: "veth2", isScrubbed: nil), Crossing(interface: "-v", isScrubbed: false)))
        #expect(finding.check == .privateFields && finding.level == .weaker)
        #expect(
            PathChecksTests.text(finding).hasPrefix(
                "secret, key may get to other network namespaces by veth0, -v: no scrub program"))
    }

    @Test func whatCannotBeSeenIsUnknown() throws {
        let finding = try Self.finding(
            Crossing(interface: "veth0", isScrubbed: nil), Crossing(interface: "veth1", isScrubbed: true))
        #expect(finding?.level == .unknown && finding?.isPrivilege == true)
    }

    @Test func allIsWell() throws {
        #expect(try Self.finding()?.level == .ok)
        let finding = try Self.finding(Crossing(interface: "veth1", isScrubbed: true))
        #expect(finding?.level == .ok)
        #expect(PathChecksTests.text(finding) == "the scrub program keeps secret, key here, at TC egress of veth1")
    }
}
